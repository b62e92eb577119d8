"""Logging: one file a day, five kept; never what people wrote into a form."""

from __future__ import annotations

import threading
from pathlib import Path

FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


def start(folder: Path) -> None:
    """Write the log into `folder`, where uncaught exceptions of any thread end too."""
    import logging.handlers  # loads sockets and pickles, which the first window does without

    folder.mkdir(parents=True, exist_ok=True)
    handler = logging.handlers.TimedRotatingFileHandler(
        folder / "dutydesk.log", when="midnight", backupCount=5, encoding="utf-8", delay=True
    )
    handler.setFormatter(logging.Formatter(FORMAT))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)

    def on_thread_error(args: threading.ExceptHookArgs) -> None:
        logging.getLogger("dutydesk.thread").error(
            "uncaught in %s",
            args.thread.name if args.thread else "?",
            exc_info=(args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback),
        )

    threading.excepthook = on_thread_error


def stop() -> None:
    """Close what `start` opened."""
    import logging.handlers

    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, logging.handlers.TimedRotatingFileHandler):
            root.removeHandler(handler)
            handler.close()
    threading.excepthook = threading.__excepthook__
