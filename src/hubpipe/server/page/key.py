"""Turn the environment's variables into who may look at the page."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from hubpipe.errors import UsageError
from hubpipe.github import DEFAULT_API_URL
from hubpipe.github.attachments import hosts_of
from hubpipe.github.devices import Devices

TOKEN, CLIENT, USERS = "HUBPIPE_PAGE_TOKEN", "HUBPIPE_OAUTH_CLIENT_ID", "HUBPIPE_PAGE_USERS"
LEAST = 20  # characters of the token: nobody guesses so many, however long he may try

SHORT = f"{TOKEN} has fewer than {LEAST} characters: make one by openssl rand -hex 32"
NOBODY = f"{CLIENT} is set and {USERS} is not: name the logins of those who may look at the page, or nobody could"
NO_CLIENT = f"{USERS} is set and {CLIENT} is not: give the client id of the App whose device flow they log in by"


@dataclass(frozen=True)
class PageKey:
    """Who may look: whoever has `token`, and the people of `users` (logins without case), whom `devices` knows.

    `server` is GitHub's own address.
    """

    server: str
    token: str = field(default="", repr=False)
    users: frozenset[str] = frozenset()
    devices: Devices | None = None


def page_key(environ: Mapping[str, str]) -> PageKey | None:
    """Tell who may look; None where nobody has asked for a page.

    Raises UsageError for a token that could be guessed, and for half of a login.
    """
    token, client = environ.get(TOKEN, "").strip(), environ.get(CLIENT, "").strip()
    users = frozenset(filter(None, re.split(r"[\s,]+", environ.get(USERS, "").casefold())))
    if token and len(token) < LEAST:
        raise UsageError(SHORT)
    if client and not users:
        raise UsageError(NOBODY)
    if users and not client:
        raise UsageError(NO_CLIENT)
    if not token and not client:
        return None
    api = (environ.get("GITHUB_API_URL") or DEFAULT_API_URL).rstrip("/")
    server = hosts_of(api, environ.get("GITHUB_SERVER_URL") or None).own
    return PageKey(server, token, users, Devices(client, server, api) if client else None)
