"""Turn values into HTML in which everything that anybody wrote is text, and nothing of it is hidden."""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from hubpipe.text.noise import JOINER, PRINTABLE, SELECTOR

MARK = "⟨U+{:04X}⟩"
# Half characters cannot be sent at all; the rest is there and not seen, or turns around what is.
HIDDEN: Mapping[int, str | None] = {sign: MARK.format(sign) for sign in PRINTABLE if chr(sign) != "\r"}
MOST = 20_000  # characters of one text
MORE = "\n… and {:,} characters more"
FILES = {
    "page.css": ("page.css", "text/css; charset=utf-8"),
    "htmx.js": ("vendor/htmx/htmx.min.js", "text/javascript; charset=utf-8"),
    "hx-sse.js": ("vendor/htmx/hx-sse.min.js", "text/javascript; charset=utf-8"),
    "icon.svg": ("icon.svg", "image/svg+xml"),
}


def shown(text: str) -> str:
    """Write characters that nobody sees as their numbers; joiners and selectors where nothing is joined, too."""
    text = text.translate(HIDDEN)
    return text if text.isascii() else JOINER.sub(_mark, SELECTOR.sub(_mark, text))


def assets() -> Mapping[str, tuple[bytes, str]]:
    """Read the files that pages ask for: by name, bytes and content type."""
    place = files("hubpipe") / "templates" / "page"
    return {name: (place.joinpath(path).read_bytes(), kind) for name, (path, kind) in FILES.items()}


def sheets(found: Mapping[str, tuple[bytes, str]]) -> Environment:
    """Make what writes pages; `found` are the files that they ask for."""
    versions = {name: hashlib.sha256(data).hexdigest()[:12] for name, (data, _) in found.items()}
    environment = Environment(
        loader=PackageLoader("hubpipe", "templates/page"),
        undefined=StrictUndefined,
        autoescape=True,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update({"clock": _clock, "short": _short, "seconds": _seconds, "percent": _percent})
    environment.globals["asset"] = lambda name: f"/assets/{name}?v={versions[name]}"
    return environment


def _mark(found: re.Match[str]) -> str:
    return "".join(MARK.format(ord(sign)) for sign in found.group())


def _finalize(value: Any) -> Any:
    return shown(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _clock(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _short(text: str) -> str:
    rest = len(text) - MOST
    return text if rest <= 0 else text[:MOST] + MORE.format(rest)


def _seconds(value: float | None) -> str:
    """Write seconds that a database may count as whole ones."""
    if value is None:
        return "–"
    if value >= 90:
        return f"{value / 60:.0f} min"
    return f"{value:.0f} s" if value >= 1 else "< 1 s"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.0f} %"
