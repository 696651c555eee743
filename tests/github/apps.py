"""GitHub Apps: the JWT that proves to be the app, and the tokens of installations that it is exchanged for."""
import base64
import binascii
import json
import pathlib
import subprocess
import tempfile

TOKEN_LIFE_S = 3600
JWT_LIFE_MAX_S = 600
SKEW_S = 60


def make_key(directory, bits=2048):
    """A key pair for tests: the path of the private key, and the public key as PEM."""
    path = pathlib.Path(directory) / "app.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}", "-out", path],
                   check=True, capture_output=True)
    public = subprocess.run(["openssl", "pkey", "-in", path, "-pubout"], check=True, capture_output=True, text=True)
    return path, public.stdout


def make_jwt(private_key, claims, algorithm="RS256"):
    """As a client would make it."""
    def packed(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")
    signed = packed({"alg": algorithm, "typ": "JWT"}) + b"." + packed(claims)
    made = subprocess.run(["openssl", "dgst", "-sha256", "-sign", private_key], input=signed, check=True,
                          capture_output=True)
    return (signed + b"." + base64.urlsafe_b64encode(made.stdout).rstrip(b"=")).decode()


def unpack(part):
    if "=" in part:
        raise ValueError("base64url has no padding in a JWT")
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)


def is_signed(public_key, signed, signature):
    with tempfile.TemporaryDirectory() as directory:
        place = pathlib.Path(directory)
        (place / "key").write_text(public_key)
        (place / "signature").write_bytes(signature)
        return subprocess.run(["openssl", "dgst", "-sha256", "-verify", place / "key", "-signature",
                               place / "signature"], input=signed, capture_output=True, check=False).returncode == 0


def verify(hub, jwt):
    """The app that a JWT proves; else Refusal and a violation, since a client of ours always makes good ones."""
    from .router import Refusal

    def refuse(message):
        hub.violation(None, f"JWT: {message}")
        raise Refusal(401, message)

    parts = jwt.split(".")
    try:
        head, claims, signature = json.loads(unpack(parts[0])), json.loads(unpack(parts[1])), unpack(parts[2])
    except (ValueError, IndexError, binascii.Error):
        return refuse("A JSON web token could not be decoded")
    if len(parts) != 3 or head.get("alg") != "RS256":
        return refuse("A JSON web token could not be decoded")
    now, issued, expires = hub.now(), claims.get("iat"), claims.get("exp")
    app = next((app for app in hub.world.apps.values()
                if str(claims.get("iss")) in (str(app.id), app.client_id)), None)
    if app is None:
        return refuse("Integration not found")
    if app.key is not None and not is_signed(app.key, f"{parts[0]}.{parts[1]}".encode(), signature):
        return refuse("A JSON web token could not be decoded")
    if type(issued) is not int or issued > now + SKEW_S:
        return refuse("'Issued at' claim ('iat') must be an Integer representing the time that the assertion was "
                      "issued")
    if type(expires) is not int or expires <= now - SKEW_S:
        return refuse("'Expiration time' claim ('exp') must be a numeric value representing the future time at which "
                      "the assertion expires")
    if expires > now + JWT_LIFE_MAX_S + SKEW_S or expires - issued > JWT_LIFE_MAX_S + SKEW_S:
        return refuse("'Expiration time' claim ('exp') is too far in the future")
    return app
