"""Turn log records into lines of JSON that name the delivery they are about."""

import json
import logging
import re
import sys

from dbos import DBOS
from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from hubpipe.redaction import Redaction

FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
FIELDS = {"asctime": "time", "levelname": "level", "message": "message"}


def log_as_json(redaction: Redaction, level: int = logging.INFO) -> None:
    """Write every record to stderr as one line of JSON; no secret stands in it."""
    handler = logging.StreamHandler(sys.__stderr__)  # not the door's, which looks at each line once more
    handler.setFormatter(_Lines(redaction))
    handler.addFilter(_with_delivery)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("hubpipe").setLevel(level)
    engine = logging.getLogger("dbos")
    # Where it finds a handler, it makes none of its own.
    engine.handlers, engine.propagate = [handler], False


class _Lines(JsonFormatter):
    """Writes a record without the secrets in it.

    A GUID, which stands in most lines, is put in last: beside its name it looks like a secret, and each look at such a
    line takes as long as everything else that is done about a delivery.
    """

    def __init__(self, redaction: Redaction):
        super().__init__(FORMAT, rename_fields=FIELDS, reserved_attrs=[*RESERVED_ATTRS, "delivery"])
        self._redaction = redaction

    def format(self, record: logging.LogRecord) -> str:
        """Write a record as one line."""
        line = self._redaction.text(super().format(record))
        named = getattr(record, "delivery", None)
        if named is None:
            return line
        delivery = named if GUID.fullmatch(str(named)) else self._redaction.text(json.dumps(str(named)))[1:-1]
        return f'{line[:-1]}, "delivery": "{delivery}"}}'


def _with_delivery(record: logging.LogRecord) -> bool:
    if not hasattr(record, "delivery") and DBOS.workflow_id is not None:
        record.delivery = DBOS.workflow_id
    return True
