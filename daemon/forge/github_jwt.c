#include "daemon/forge/github_jwt.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "daemon/limits.h"

#define CLAIMS_MAX 160
#define SIGNATURE_MAX 2048 /* of a key of 16,384 bits */
#define RSA_BITS_MIN 2048
#define BASE64_MAX(len) (((len) + 2) / 3 * 4 + 1)

struct github_key {
	EVP_PKEY *pkey;
};

static void bio_freep(BIO **bio) {
	(void)BIO_free(*bio);
}

static void ctx_freep(EVP_MD_CTX **ctx) {
	EVP_MD_CTX_free(*ctx);
}

/* Nobody is there to type a passphrase. */
static int no_passphrase(char *out, int size, int writing, void *user) {
	return -1;
}

int github_key_load(const char *pem, struct github_key **ret_key) {
	_cleanup_(bio_freep) BIO *bio = BIO_new_mem_buf(pem, -1);
	struct github_key *key = calloc(1, sizeof(*key));

	if (bio == NULL || key == NULL) {
		free(key);
		return -ENOMEM;
	}
	key->pkey = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	ERR_clear_error();
	if (key->pkey == NULL || EVP_PKEY_get_base_id(key->pkey) != EVP_PKEY_RSA ||
		EVP_PKEY_get_bits(key->pkey) < RSA_BITS_MIN ||
		EVP_PKEY_get_size(key->pkey) > SIGNATURE_MAX) {
		github_key_destroy(key);
		return -EINVAL;
	}
	*ret_key = key;
	return 0;
}

void github_key_destroy(struct github_key *key) {
	if (key != NULL) {
		EVP_PKEY_free(key->pkey); /* wipes it */
		free(key);
	}
}

/* RFC 7515, 2: no padding, "-" and "_". `out` has room for BASE64_MAX(len). */
static void encode(const void *data, size_t len, char *out) {
	size_t n = (size_t)EVP_EncodeBlock((unsigned char *)out, data, (int)len);

	while (n > 0 && out[n - 1] == '=') {
		n--;
	}
	out[n] = '\0';
	for (char *c = out; *c != '\0'; c++) {
		*c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
	}
}

/* Returns: 0; -EIO. */
static int sign(EVP_PKEY *pkey, const char *text, unsigned char *out, size_t *ret_len) {
	_cleanup_(ctx_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t len = SIGNATURE_MAX;

	if (ctx == NULL || EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, pkey) != 1 ||
		EVP_DigestSign(ctx, out, &len, (const unsigned char *)text, strlen(text)) != 1) {
		ERR_clear_error();
		return -EIO;
	}
	*ret_len = len;
	return 0;
}

int github_jwt_make(const struct github_key *key, int64_t app_id, int64_t now_ms, char **ret_jwt) {
	static const char header[] = "{\"alg\":\"RS256\",\"typ\":\"JWT\"}";
	char claims[CLAIMS_MAX], encoded_header[BASE64_MAX(sizeof(header))];
	char encoded_claims[BASE64_MAX(CLAIMS_MAX)], encoded_signature[BASE64_MAX(SIGNATURE_MAX)];
	unsigned char signature[SIGNATURE_MAX];
	_cleanup_(freep) char *text = NULL;
	char *jwt;
	size_t len = 0;
	int r;

	(void)snprintf(claims, sizeof(claims), "{\"iat\":%lld,\"exp\":%lld,\"iss\":\"%lld\"}",
		(long long)((now_ms - LIMIT_GITHUB_JWT_AGE_MS) / CLOCK_SECOND_MS),
		(long long)((now_ms + LIMIT_GITHUB_JWT_LIFE_MS) / CLOCK_SECOND_MS),
		(long long)app_id);
	encode(header, strlen(header), encoded_header);
	encode(claims, strlen(claims), encoded_claims);
	if (asprintf(&text, "%s.%s", encoded_header, encoded_claims) < 0) {
		text = NULL;
		return -ENOMEM;
	}
	r = sign(key->pkey, text, signature, &len);
	if (r < 0) {
		return r;
	}
	encode(signature, len, encoded_signature);
	if (asprintf(&jwt, "%s.%s", text, encoded_signature) < 0) {
		return -ENOMEM;
	}
	*ret_jwt = jwt;
	return 0;
}
