"""Tokens of services that Kingfisher does not tell, made of parts as those of tests/leaked.py are."""

import base64
import json
import string

from tests.leaked import HEX, LETTERS, identifier, joined, some

DIGITS, CAPITALS, SMALL = string.digits, string.ascii_uppercase + string.digits, string.ascii_lowercase + string.digits
SIGNED = f"{LETTERS}-_"


def basic(password: str) -> str:
    return base64.b64encode(f"jane:{password}".encode()).decode()


def number_in_base64() -> str:
    return base64.b64encode(some(19, "123456789").encode()).decode().rstrip("=")


# What is secret of each, and what stands around it: `{}` alone is a secret by itself.
BY_THEMSELVES = {
    "a client secret of Google's": joined("GOC", "SPX-", some(28)),
    "an access token of Google's": joined("ya", "29.a0Af", some(150)),
    "a refresh token of Google's": joined("1/", "/0", some(2, DIGITS), some(90, SIGNED)),
    "a client secret of Azure's": joined(some(3), "8", "Q~", some(34)),
    "a token of Azure DevOps'": joined(some(76), "AZ", "DO", some(4)),
    "a key of Azure's models": joined(some(52), "JQQ", "J99", some(26)),
    "a workspace token of Slack's": joined("xo", "xa-2-", some(12, DIGITS), "-", some(12, DIGITS), "-", some(32, HEX)),
    "a refresh token of Slack's": joined("xo", "xr-", some(12, DIGITS), "-", some(12, DIGITS), "-", some(24)),
    "a bot token of Discord's": joined(number_in_base64(), ".G", some(5, SIGNED), ".", some(38)),
    "a bot token of Telegram's": joined(some(10, "123456789"), ":A", "A", some(33, SIGNED[:-2])),
    "a test key of Stripe's": joined("sk", "_test_51", some(97)),
    "a webhook's secret of Stripe's": joined("wh", "sec_", some(32)),
    "a token of PyPI's test index": joined("py", "pi-AgENdGVzdC5weXBpLm9yZw", some(150)),
    "a short key of OpenAI's": joined("sk", "-proj-", some(48)),
    "an OAuth token of Anthropic's": joined("sk", "-ant-oat01-", some(93), "AA"),
    "a key of Langfuse's": joined("sk", "-lf-", identifier()),
    "a new key of Heroku's": joined("HR", "KU-", identifier()),
    "a new token of Cloudflare's": joined("cf", "ut_", some(48)),
    "an app password of Bitbucket's": joined("AT", "BB", some(32)),
    "an access token of Atlassian's": joined("ATC", "TT3xFfG", some(180)),
    "an OAuth token of Linear's": joined("lin", "_oauth_", some(64, HEX)),
    "an old token of Notion's": joined("sec", "ret_", some(43)),
    "a key of New Relic's": joined("NR", "AK-", some(27, CAPITALS)),
    "a license of New Relic's": joined(some(36, HEX), "NR", "AL"),
    "an organisation's token of Sentry's": joined("sntr", "ys_eyJ", some(120), "_", some(43)),
    "a short token of Vault's": joined("hv", "s.", some(24)),
    "a recovery token of Vault's": joined("hv", "r.", some(90)),
    "a service token of Doppler's": joined("dp", ".st.prd.", some(43)),
    "a command line's token of Doppler's": joined("dp", ".ct.", some(43)),
    "a token of Fly.io's": joined("fm", "2_lJPE", some(180)),
    "an old token of Fly.io's": joined("fo", "1_", some(43)),
    "a token of Netlify's": joined("nf", "p_", some(36)),
    "a key of Render's": joined("rn", "d_", some(32)),
    "a key of Supabase's": joined("sb", "_secret_", some(31)),
    "a token of PlanetScale's": joined("psc", "ale_tkn_", some(43)),
    "a token of SonarQube's": joined("sq", "p_", some(40, HEX)),
    "a key of NuGet's": joined("oy", "2", some(43, SMALL)),
    "a token of crates.io's": joined("ci", "o", some(32)),
    "a key of Artifactory's": joined("AK", "Cp", some(69)),
    "a key of Mailgun's": joined("ke", "y-", some(32, HEX)),
    "a key of Mailchimp's": joined(some(32, HEX), "-us", "12"),
    "a password of Brevo's": joined("xsm", "tpsib-", some(64, HEX), "-", some(16)),
    "a key of Resend's": joined("r", "e_", some(8), "_", some(24)),
    "a token of Mapbox'": joined("s", "k.eyJ1Ijoi", some(60), ".", some(22)),
    "a key of Tailscale's": joined("ts", "key-auth-", some(12), "CNTRL-", some(32)),
    "a token of ClickUp's": joined("p", "k_", some(8, DIGITS), "_", some(32, CAPITALS)),
    "a token of Dropbox'": joined("s", "l.", some(140)),
    "a token of HubSpot's": joined("pa", "t-na1-", identifier()),
    "a token of PayPal's": joined("access_", "token$production$", some(16, SMALL), "$", some(32, HEX)),
    "a token of Kaggle's": joined("KG", "AT_", some(32, HEX)),
    "a key of ElevenLabs'": joined("s", "k_", some(48, HEX)),
    "a key of Jina's": joined("ji", "na_", some(32, HEX), some(28)),
    "a token of Twitter's": joined("A" * 21, some(80)),
}
# The secret, and the text that tells what it is.
IN_COMPANY = {
    "a webhook of Discord's": (some(68), joined("https://discord", ".com/api/webhooks/", some(19, DIGITS), "/{}")),
    "a webhook of Teams'": (
        joined(some(32, HEX), "/", identifier()),
        joined("https://acme.webhook.office", ".com/webhookb2/a@b/IncomingWebhook/{}"),
    ),
    "a webhook of Power Automate's": (
        some(43),
        joined("https://prod-12.westeurope.logic.azure", ".com:443/workflows/x?sp=%2Ftriggers%2Fmanual&sv=1.0&sig={}"),
    ),
    "a webhook of Google Chat's": (
        some(43),
        joined("https://chat.googleapis", ".com/v1/spaces/x/messages?key=y&token={}"),
    ),
    "a webhook of Zapier's": ("27456623/3osodpx", joined("https://hooks.zapier", ".com/hooks/catch/{}/")),
    "a bot's address of Telegram's": (
        joined(some(10, "123456789"), ":A", "A", some(33)),
        "https://api.telegram.org/bot{}/getMe",
    ),
    "a function's key of Azure's": (joined(some(54), "=="), "https://f.azurewebsites.net/api/x?code={}"),
    "an old token of npm's": (identifier(), "//registry.npmjs.org/:_authToken={}"),
    "a password of npm's": (basic(some(20)), "_auth={}"),
    "a login of Docker's": (basic(some(20)), '"auths": {{"index.docker.io": {{"auth": "{}"}}}}'),
    "a key of WireGuard's": (joined(some(42), "E="), "PrivateKey = {}"),
    "a session of AWS'": (some(400), "aws_session_token={}"),
    "a bearer's token": (some(40), "Authorization: Bearer {}"),
    "a login": (basic(some(20) + "7"), "curl -H 'Authorization: Basic {}'"),
    "a token in place of a user": (some(40, HEX), "https://{}@github.com/a/b"),
    "a variable with a token of Twilio's": (some(32, HEX), "TWILIO_AUTH_TOKEN={}"),
    "a variable with a key of Datadog's": (some(32, HEX), 'DD_API_KEY: "{}"'),
    "a variable with a token of Azure DevOps'": (some(52, SMALL), "export AZURE_DEVOPS_PAT={}"),
    "a variable with a secret": (some(64), "AUTH0_CLIENT_SECRET={}"),
    "a key of Kaggle's": (some(32, HEX), '{{"username": "jane", "key": "{}"}}'),
    "a key of SSH2's": (
        "\n".join(some(64) for _ in range(10)),
        joined("---- BEGIN SSH2 PRIV", "ATE KEY ----\n{}\n---- END SSH2 PRIV", "ATE KEY ----"),
    ),
    "a key of PuTTY's": (
        "\n".join(some(64) for _ in range(4)),
        joined("Public-Lines: 1\nAAAA\nPriv", "ate-Lines: 4\n{}\nPriv", "ate-MAC: 00"),
    ),
}
# What has such a beginning or name, and is none.
NEARLY = {
    "a placeholder": "Authorization: Bearer YOUR_ACCESS_TOKEN_HERE",
    "a reference": "SONAR_TOKEN: ${{ secrets.SONAR_TOKEN }} and //registry.npmjs.org/:_authToken=${NODE_AUTH_TOKEN_2}",
    "a short value": "MAX_TOKEN=4096 API_KEY=abc123",
    "a key that is public": "CACHE_KEY=linux-node-20.11.1-0123456789abcdef PublicKeyToken=b77a5c561934e089",
    "a prefix alone": "They begin with GOCSPX-, ya29., hvs. and dp.st.",
    "a name with dots": "NotificationServiceFactory.create.ofAnApplicationThatHasAVeryLongName",
    "a user of an address": "ssh://git@github.com and https://some-very-long-user-name@example.com",
    "an identifier of a region": f"{some(31, HEX)}g-us-east-1",
    "a webhook's documentation": "POST https://discord.com/api/webhooks/{webhook.id}/{webhook.token}",
    "a number with a colon": json.dumps({"12345678": "AAbb"}),
}
