"""One reader of an issuer's tokens, as reader-worker.ts: the arguments are the URL of the issuer and the audience."""

import json
import sys
import urllib.request

import jwt

issuer, audience = sys.argv[1:]
with urllib.request.urlopen(issuer + "/.well-known/openid-configuration") as response:
    client = jwt.PyJWKClient(json.load(response)["jwks_uri"])


def verify(token):
    key = client.get_signing_key_from_jwt(token).key
    claims = jwt.decode(
        token,
        key,
        algorithms=["RS256"],
        issuer=issuer,
        audience=audience,
        options={"require": ["exp", "iss", "aud"]},
    )
    if jwt.get_unverified_header(token)["typ"] != "at+jwt":
        raise jwt.InvalidTokenError("The typ is not at+jwt")
    return claims["sub"]


for line in sys.stdin:
    try:
        answer = {"sub": verify(line.strip())}
    except jwt.PyJWTError as error:
        answer = {"refusal": repr(error)}
    print(json.dumps(answer), flush=True)
