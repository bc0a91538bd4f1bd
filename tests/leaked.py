"""Secrets of every known form, made of parts: as a whole they would stop a push to most hosts."""

import base64
import json
import random
import re
import string

RANDOM = random.Random(6)
LETTERS = string.ascii_letters + string.digits
HEX = "0123456789abcdef"


def some(count: int, letters: str = LETTERS) -> str:
    return "".join(RANDOM.choice(letters) for _ in range(count))


def joined(*parts: str) -> str:
    return "".join(parts)


def json_web_token() -> str:
    parts = ({"alg": "HS256", "typ": "JWT"}, {"sub": "1234567890", "name": "Jane", "iat": 1516239022})
    written = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    return ".".join((*written, some(43)))


def identifier() -> str:
    return "-".join(some(count, HEX) for count in (8, 4, 4, 4, 12))


def private_key(kind: str = "RSA ") -> str:
    lines = "\n".join(some(64) for _ in range(12))
    return joined(f"-----BEGIN {kind}PRIV", f"ATE KEY-----\n{lines}\n-----END {kind}PRIV", "ATE KEY-----")


LEAKED = {
    "a classic token of GitHub's": joined("gh", "p_", some(36)),
    "a fine-grained token of GitHub's": joined("github", "_pat_", some(22), "_", some(59)),
    "an OAuth token of GitHub's": joined("gh", "o_", some(36)),
    "an App's user token of GitHub's": joined("gh", "u_", some(36)),
    "an App's installation token of GitHub's": joined("gh", "s_", some(36)),
    "an App's long installation token of GitHub's": joined("gh", "s_", some(12), "_", json_web_token()),
    "a refresh token of GitHub's": joined("gh", "r_", some(36)),
    "a token of Hugging Face's": joined("h", "f_", some(34, string.ascii_letters)),
    "the name of an AWS key": joined("AK", "IA", some(16, string.ascii_uppercase + "234567")),
    "an AWS key": joined("aws_secret_access_key = ", some(40)),
    "a bot token of Slack's": joined("xo", "xb-", some(12, string.digits), "-", some(12, string.digits), "-", some(24)),
    "a webhook of Slack's": joined("https://hooks.slack", ".com/services/T0", some(8, HEX.upper()), "/B0")
    + joined(some(8, HEX.upper()), "/", some(24)),
    "a live key of Stripe's": joined("sk", "_live_", some(24)),
    "a token of npm's": joined("np", "m_", some(36)),
    "a token of PyPI's": joined("py", "pi-AgEIcHlwaS5vcmc", some(150)),
    "a key of Google's": joined("AI", "za", some(35)),
    "a private key": private_key(),
    "a private key of OpenSSH's": private_key("OPENSSH "),
    "a JSON Web Token": json_web_token(),
    "a password in an address": joined("https://jane:", some(16), "@git.example.com/a.git"),
    "a password of a database": joined("postgres://admin:", some(16), "@db.internal.net:5432/x"),
    "a key of OpenAI's": joined("sk", "-proj-", some(74), "T3Blbk", "FJ", some(74)),
    "an old key of OpenAI's": joined("sk", "-", some(20), "T3Blbk", "FJ", some(20)),
    "a key of Anthropic's": joined("sk", "-ant-api03-", some(93), "AA"),
    "a token of GitLab's": joined("gl", "pat-", some(20)),
    "a key of an Azure storage account": joined("AccountKey=", some(86), "=="),
    "a token of GitHub's within basic authentication": joined("Authorization: Basic ")
    + base64.b64encode(joined("x-access-token:gh", "p_", some(36)).encode()).decode(),
}

# What is known for a secret by the name beside it alone: these are hashes, identifiers or short words by themselves.
BESIDE_A_NAME = {
    "a key of Heroku's": f"HEROKU_API_KEY={identifier()}",
    "a token of Snyk's": f"snyk_token: {identifier()}",
    "a token of Sentry's": f"SENTRY_TOKEN={some(64, HEX)}",
    "a key of Cloudflare's": f"cloudflare_key = {some(37, HEX)}",
    "a token of CircleCI's": f"circleci_token={some(40, HEX)}",
    "a secret of LinkedIn's": f"linkedin_secret={some(15, string.ascii_lowercase)}7",
    "an AWS key with signs": joined("aws_secret_access_key=", some(13), "/", some(13), "+", some(12)),
    "a personal token of Airtable's": joined("pa", "t", some(13), "7", ".", some(64, HEX)),
    "a key of Cloudflare's origins": joined("v1", ".0-", some(24, HEX), "-", some(146, HEX)),
    "an App's token of Slack's": joined("xa", "pp-1-A", some(9), "-", some(12, string.digits), "-", some(64, HEX)),
    "a token of GitLab's without a digit": joined("gl", "pat-kWqTzRbLmXcVnHjFdSgP"),
}

# What looks like one and is none: it must be left as it stands.
ORDINARY = {
    "a commit": f"Broken since {some(40, HEX)}, fine at {some(7, HEX)}.",
    "a commit's address": f"https://github.com/octo-org/octo-repo/commit/{some(40, HEX)}",
    "a hash": f"sha256:{some(64, HEX)}",
    "a digest of npm's": f'"integrity": "sha512-{base64.b64encode(RANDOM.randbytes(64)).decode()}"',
    "a hash of a lock file": f"    --hash=sha256:{some(64, HEX)} \\",
    "an identifier": "550e8400-e29b-41d4-a716-446655440000",
    "an image in base64": f"![](data:image/png;base64,{base64.b64encode(RANDOM.randbytes(900)).decode()})",
    "an attachment": "https://github.com/user-attachments/assets/0b1c2d3e-1111-4222-8333-1234567890ab",
    "a stack trace": "at org.apache.kafka.clients.NetworkClient$DefaultMetadataUpdater.handle(NetworkClient.java:1089)",
    "a long name": "AbstractSingletonProxyFactoryBeanPostProcessorConfigurationV2Test",
    "an address with a port": "http://localhost:8080/@scope/package?name=a:b@c",
    "a mail address": "mailto:jane@example.com",
    "a prefix alone": "tokens begin with ghp_, github_pat_ or hf_; keys with sk- or AKIA",
    "a public key": f"-----BEGIN PUBLIC KEY-----\n{some(64)}\n-----END PUBLIC KEY-----",
    "a version": "sentence-transformers/all-MiniLM-L6-v2@1110a243fdf4706b3f48f1d95db1a4f5529b4d41",
}


def holds(text: str, secret: str) -> bool:
    """Tell whether any long piece of a secret stands in a text, however Markdown or HTML writes its signs."""
    # What names a form (`aws_secret_access_key`, `postgres://admin`) is no secret.
    pieces = [piece for piece in re.findall(r"[A-Za-z0-9+]{12,}", secret) if not piece.isalpha() or len(piece) > 20]
    return any(piece in text for piece in pieces)
