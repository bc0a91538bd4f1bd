"""Turn text into the places of tokens that services give a form of their own, and that Kingfisher does not tell.

Each row is what a token begins with, or holds, and its pattern, which is tried only where that stands in the text. A
pattern reads a bounded stretch from there.
"""

import re
from collections.abc import Iterator

NO_LETTER = r"(?<![A-Za-z0-9])"
WORD, SIGNED, BASE64 = "[A-Za-z0-9]", "[A-Za-z0-9_-]", "[A-Za-z0-9+/_-]"
HEX, CAPITAL, SMALL = "[0-9a-f]", "[A-Z0-9]", "[a-z0-9]"
DIGITS = "(?:[MNO][DTjz][AEIMQUYcgk][0-5w-z])"  # three of them in base64
IDENTIFIER = f"{HEX}{{8}}(?:-{HEX}{{4}}){{3}}-{HEX}{{12}}"

# What a token begins with, and what follows: its letters, and how many there are at least and at most.
BEGINNINGS = (
    ("GOCSPX-", SIGNED, 20, 60),  # Google
    ("ya29.", SIGNED, 60, 2_000),
    ("1//0", SIGNED, 40, 200),
    ("sk_test_", WORD, 24, 200),  # Stripe
    ("rk_test_", WORD, 24, 200),
    ("whsec_", BASE64, 24, 100),
    ("pypi-AgEN", SIGNED, 60, 400),  # the test index of PyPI
    ("sk-proj-", SIGNED, 40, 300),  # OpenAI
    ("sk-svcacct-", SIGNED, 40, 300),
    ("sk-admin-", SIGNED, 40, 300),
    ("sk-ant-", SIGNED, 40, 300),  # Anthropic
    ("sk-lf-", IDENTIFIER, 1, 1),  # Langfuse
    ("HRKU-", SIGNED, 36, 100),  # Heroku
    ("cfk_", WORD, 40, 100),  # Cloudflare
    ("cfut_", WORD, 40, 100),
    ("cfat_", WORD, 40, 100),
    ("ATBB", WORD, 28, 60),  # Atlassian
    ("ATCTT3x", "[A-Za-z0-9_=-]", 60, 400),
    ("lin_oauth_", WORD, 40, 100),  # Linear
    ("secret_", WORD, 43, 43),  # Notion
    ("NRAK-", CAPITAL, 27, 27),  # New Relic
    ("NRII-", SIGNED, 32, 32),
    ("NRJS-", HEX, 19, 19),
    ("sntrys_ey", "[A-Za-z0-9+/=_-]", 60, 600),  # Sentry
    ("hvs.", SIGNED, 24, 400),  # Vault
    ("hvb.", SIGNED, 24, 400),
    ("hvr.", SIGNED, 24, 400),
    ("dp.st.", "[A-Za-z0-9._-]", 40, 120),  # Doppler
    ("dp.ct.", WORD, 40, 100),
    ("dp.sa.", WORD, 40, 100),
    ("dp.scim.", WORD, 40, 100),
    ("dp.audit.", WORD, 40, 100),
    ("fo1_", SIGNED, 40, 100),  # Fly.io
    ("fm1_", "[A-Za-z0-9+/=_-]", 80, 1_000),
    ("fm2_", "[A-Za-z0-9+/=_-]", 80, 1_000),
    ("nfp_", WORD, 36, 60),  # Netlify
    ("rnd_", WORD, 28, 60),  # Render
    ("sb_secret_", SIGNED, 28, 60),  # Supabase
    ("pscale_tkn_", SIGNED, 32, 100),  # PlanetScale
    ("pscale_pw_", SIGNED, 32, 100),
    ("squ_", HEX, 40, 40),  # SonarQube
    ("sqp_", HEX, 40, 40),
    ("sqa_", HEX, 40, 40),
    ("oy2", SMALL, 43, 43),  # NuGet
    ("AKCp", WORD, 60, 80),  # Artifactory
    ("cmVmdGtuOj", BASE64, 50, 80),
    ("xsmtpsib-", "[A-Za-z0-9-]", 64, 100),  # Brevo
    ("sk.eyJ", "[A-Za-z0-9._-]", 60, 300),  # Mapbox
    ("tskey-", "[A-Za-z0-9-]", 24, 100),  # Tailscale
    ("tvly-", "[A-Za-z0-9-]", 28, 80),  # Tavily
    ("jina_", WORD, 50, 80),
    ("KGAT_", HEX, 32, 32),  # Kaggle
    ("CFPAT-", SIGNED, 40, 60),  # Contentful
    ("LTAI", WORD, 16, 26),  # Alibaba
    ("tfp_", "[A-Za-z0-9_.-]", 50, 80),  # Typeform
    ("dbtc_", SIGNED, 36, 80),  # dbt
    ("dbtu_", SIGNED, 36, 80),
    ("mfa.", SIGNED, 84, 100),  # Discord
    ("sq0csp-", SIGNED, 40, 60),  # Square
    ("FLWSECK-", f"{HEX}{{32}}(?:-X)?", 1, 1),  # Flutterwave
    ("fc-", HEX, 32, 32),  # Firecrawl
    ("sk_", HEX, 48, 48),  # ElevenLabs
    ("AKID", WORD, 32, 32),  # Tencent
    ("AQVN", SIGNED, 35, 40),  # Yandex
    ("y0_", SIGNED, 50, 64),
    ("aio_", WORD, 28, 28),  # Adafruit
    ("cio", WORD, 32, 32),  # crates.io
    ("sdk-", IDENTIFIER, 1, 1),  # LaunchDarkly
    ("api-", IDENTIFIER, 1, 1),
    ("AAAAAAAAAAAAAAAAAAAA", "[A-Za-z0-9%]", 60, 200),  # Twitter
)
# Where a form is more than a beginning: what it holds, and its pattern.
OTHERS = (
    ("xox", rf"{NO_LETTER}xox[a-z](?:[.-][A-Za-z0-9-]{{10,400}}){{1,2}}"),
    (
        "discord",
        rf"(?:discord|discordapp)\.com/api/(?:v\d{{1,2}}/)?webhooks/\d{{15,21}}/(?P<secret>{SIGNED}{{50,100}})",
    ),
    # A bot's of Discord's: the digits of its number in base64, a time, a signature.
    (".", rf"{NO_LETTER}{DIGITS}{{5,6}}[A-Za-z0-9]{{0,3}}\.[A-Za-z\d_-]{{6}}\.[A-Za-z\d_-]{{27,40}}(?![A-Za-z0-9_-])"),
    (":AA", r"(?:(?<![A-Za-z0-9:])|(?<=/bot))\d{8,10}:AA[A-Za-z0-9_-]{32,34}(?![A-Za-z0-9])"),
    ("Q~", r"(?<![A-Za-z0-9~_.-])[A-Za-z0-9~_.-]{3}\dQ~[A-Za-z0-9~_.-]{31,34}"),
    ("AZDO", rf"{NO_LETTER}{WORD}{{76}}AZDO{WORD}{{4}}(?!{WORD})"),
    ("JQQJ99", rf"{NO_LETTER}{WORD}{{52}}JQQJ99{WORD}{{20,30}}"),
    ("sig=", r"[?&]sig=(?P<secret>[A-Za-z0-9%/+_-]{40,100}={0,2})"),
    ("?code=", r"\?code=(?P<secret>[A-Za-z0-9%/+_-]{50,100}={0,2})"),
    ("/IncomingWebhook/", rf"/IncomingWebhook/(?P<secret>{HEX}{{32}}/{IDENTIFIER}(?:/{SIGNED}{{20,80}})?)"),
    ("&token=", r"&token=(?P<secret>[A-Za-z0-9%_-]{40,100})"),
    ("key-", rf"{NO_LETTER}key-{HEX}{{32}}(?!{WORD})"),
    ("-us", rf"{NO_LETTER}{HEX}{{32}}-us\d{{1,2}}(?!{WORD})"),
    ("-", rf"(?<![A-Za-z0-9-]){HEX}{{32}}-{HEX}{{8}}-{HEX}{{8}}(?![A-Za-z0-9-])"),
    ("NRAL", rf"{NO_LETTER}{WORD}{{36}}NRAL(?!{WORD})"),
    ("pk_", rf"{NO_LETTER}pk_\d{{5,10}}_{CAPITAL}{{32}}(?!{WORD})"),
    ("re_", rf"{NO_LETTER}re_{WORD}{{8}}_{WORD}{{24}}(?!{WORD})"),
    ("sl.", rf"{NO_LETTER}sl\.(?:u\.)?{SIGNED}{{130,2000}}"),
    ("access-", rf"{NO_LETTER}access-(?:sandbox|development|production)-{IDENTIFIER}"),
    ("pat-", rf"{NO_LETTER}pat-(?:na|eu|ap)\d-{IDENTIFIER}"),
    ("ovsxp_", rf"ovsxp_{IDENTIFIER}"),
    ("access_token$", rf"access_token\$(?:production|sandbox)\${SMALL}{{16}}\${HEX}{{32}}"),
    ("_authToken=", r"_authToken=[\"']?(?P<secret>(?!\$)[^\s\"']{16,300})"),
    ("_auth", r"(?<![A-Za-z0-9])_auth[\"']?\s{0,3}[=:]\s{0,3}[\"']?(?P<secret>[A-Za-z0-9+/]{16,400}={0,2})"),
    ('"auth"', r"\"auth\"\s{0,3}:\s{0,3}\"(?P<secret>[A-Za-z0-9+/]{16,400}={0,2})\""),
    ("PrivateKey", r"PrivateKey\s{0,3}=\s{0,3}(?P<secret>[A-Za-z0-9+/]{43}=)"),
    ("ession", r"aws_?session_?token[\"']?\s{0,3}[=:]\s{0,3}[\"']?(?P<secret>[A-Za-z0-9+/]{100,4000}={0,2})"),
    ("hooks.zapier.com", r"hooks\.zapier\.com/hooks/catch/(?P<secret>\d{4,10}/[A-Za-z0-9]{5,12})"),
    ('"key"', rf"\"username\"\s{{0,3}}:[^{{{{}}}}]{{1,100}}\"key\"\s{{0,3}}:\s{{0,3}}\"(?P<secret>{HEX}{{32}})\""),
    # Keys that do not stand between the usual lines.
    ("SSH2", r"---- BEGIN SSH2 (?:ENCRYPTED )?PRIVATE KEY ----\r?\n(?P<secret>(?:(?!---- END)[\s\S]){1,20000})"),
    ("Private-Lines", r"Private-Lines: \d{1,4}\r?\n(?P<secret>(?:[+> -]{0,3}[A-Za-z0-9+/=]{1,64}(?:\r?\n|$)){1,400})"),
    # What a client sends: a word of letters alone stands for a token.
    (
        "uthorization",
        r"uthorization[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?:[Bb]earer|[Bb]asic|[Tt]oken)\s{1,3}"
        r"(?P<secret>(?=[A-Za-z0-9+/=_.~-]{0,100}\d)[A-Za-z0-9+/=_.~-]{16,4000})",
    ),
    # A variable that says what it holds, in capitals as in a shell, a workflow or a `.env`.
    (
        "_",
        r"(?<![A-Za-z0-9])(?:[A-Z0-9]{1,30}_){1,5}(?:(?:AUTH)?TOKEN|SECRET|PASSWORD|PAT|(?:API|ACCESS|SECRET|PRIVATE|APP|AUTH|SIGNING)_?KEY|APIKEY)"
        r"[\"']?\s{0,3}[=:]\s{0,3}"
        r"[\"']?(?P<secret>(?=[A-Za-z0-9+/=_.~-]{0,60}\d)(?=[A-Za-z0-9+/=_.~-]{0,60}[A-Za-z])[A-Za-z0-9+=_~-]"
        r"[A-Za-z0-9+/=_.~-]{15,2000})",
    ),
    ("@", r"(?<=://)(?P<secret>(?=[A-Za-z]{0,60}\d)[A-Za-z0-9_-]{20,200})(?=@[\w\[])"),
)


def _pattern(beginning: str, letters: str, least: int, most: int) -> str:
    return rf"{NO_LETTER}{re.escape(beginning)}(?:{letters}){{{least},{most}}}"


FORMS = tuple(
    (literal, re.compile(pattern, re.ASCII))
    for literal, pattern in (*((row[0], _pattern(*row)) for row in BEGINNINGS), *OTHERS)
)


def places(text: str) -> Iterator[tuple[int, int]]:
    """Find the tokens."""
    for literal, form in FORMS:
        if literal in text:
            yield from (found.span("secret" if "secret" in form.groupindex else 0) for found in form.finditer(text))


def may_hold_one(text: str) -> bool:
    """Tell whether there is one."""
    return any(literal in text and form.search(text) for literal, form in FORMS)
