/*
 * github_jwt - what proves to be a GitHub App: a JWT signed with its RSA key (RFC 7519, RS256). Any thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/macro.h"

struct github_key;

/* Reads a private key, PKCS #1 or #8, not encrypted. Returns: 0; -EINVAL, no such key; -ENOMEM. */
must_check int github_key_load(const char *pem, struct github_key **ret_key);
void github_key_destroy(struct github_key *key);

/*
 * A JWT of `app_id`, valid from a little before `now_ms` for less than ten minutes. Returns: 0, the caller wipes and
 * frees `*ret_jwt`; -EIO, it cannot be signed; -ENOMEM.
 */
must_check int github_jwt_make(
	const struct github_key *key, int64_t app_id, int64_t now_ms, char **ret_jwt);
