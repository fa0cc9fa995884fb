"""Logs as JSON, one object a line on standard error, without any text of a request or an answer."""

import json
import logging
import sys
import time
import traceback
from typing import Any, TextIO

EVENTS = "biodir.serving"
# Libraries whose messages name addresses and states of the server only; of all others, nothing is written but where a
# fault was: their messages may quote documents.
TRUSTED = ("biodir.serving", "uvicorn")


class JsonLines(logging.Formatter):
    """Formats a record as an object with time, level, event and the fields of `log_event`.

    Of an exception it writes type and place, never the message.

    >>> record = logging.LogRecord("biodir.serving", logging.INFO, "x.py", 1, "request", None, None)
    >>> record.fields = {"status": 200}
    >>> json.loads(JsonLines().format(record)) | {"time": ""}
    {'time': '', 'level': 'info', 'event': 'request', 'status': 200}
    """

    def format(self, record: logging.LogRecord) -> str:
        is_trusted = record.name.startswith(TRUSTED)
        moment = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03}Z"
        entry: dict[str, Any] = {"time": moment, "level": record.levelname.lower()}
        entry["event"] = record.getMessage() if is_trusted else f"message of {record.name}"
        entry |= getattr(record, "fields", {})
        kind, _, trace = record.exc_info or (None, None, None)
        if kind is not None:
            last = traceback.extract_tb(trace)[-1:]
            entry["error"] = kind.__name__
            entry["place"] = [f"{frame.filename}:{frame.lineno}" for frame in last]
        return json.dumps(entry)


def use_json_logs(stream: TextIO | None = None) -> None:
    """Send all logs and warnings of the process to a stream, by default standard error, as JSON.

    Warnings about the content of documents, which the pipeline logs, are left out.
    """
    logging.captureWarnings(True)
    for name in list(logging.root.manager.loggerDict):  # libraries with handlers of their own, such as transformers
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    of_package = logging.getLogger("biodir")
    of_package.handlers[:] = [logging.NullHandler()]
    of_package.propagate = False
    for name in TRUSTED:
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(logging.INFO)
        logger.propagate = False


def log_event(event: str, level: int = logging.INFO, **fields: Any) -> None:
    """Log an event with fields that can be written as JSON."""
    logging.getLogger(EVENTS).log(level, event, extra={"fields": fields})
