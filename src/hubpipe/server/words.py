"""Turn log records into lines of JSON that name the delivery they are about."""

import logging
import sys

from dbos import DBOS
from pythonjsonlogger.json import JsonFormatter

from hubpipe.redaction import Redaction
from hubpipe.redaction.stream import redacted

FIELDS = {"asctime": "time", "levelname": "level", "message": "message"}


def log_as_json(redaction: Redaction, level: int = logging.INFO) -> None:
    """Write every record to stderr as one line of JSON; no secret stands in it."""
    handler = logging.StreamHandler(redacted(sys.stderr, redaction))
    handler.setFormatter(JsonFormatter("%(asctime)s %(levelname)s %(name)s %(message)s", rename_fields=FIELDS))
    handler.addFilter(_with_delivery)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("hubpipe").setLevel(level)
    engine = logging.getLogger("dbos")
    engine.handlers, engine.propagate = [], True


def _with_delivery(record: logging.LogRecord) -> bool:
    if not hasattr(record, "delivery") and DBOS.workflow_id is not None:
        record.delivery = DBOS.workflow_id
    return True
