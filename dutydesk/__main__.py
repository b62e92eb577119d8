"""The entry point: the window, the demo and the self-test go to `app`, everything else to `cli`, without Qt."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence

from dutydesk import cli
from dutydesk.core.console import use_utf8


def main(argv: Sequence[str] | None = None) -> int:
    """Parse `argv` (the process's own when not given), do it, and return the exit code (house.md §8)."""
    use_utf8()
    try:
        args = cli.parse(sys.argv[1:] if argv is None else argv)
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 2
    if (args.command or "") in cli.WITH_DISPLAY:
        if not args.command:
            gc.disable()  # nothing that starting loads is garbage; `app` turns it on again when the desk is there
        from dutydesk import app

        return app.main(args)
    return cli.run(args)


if __name__ == "__main__":
    sys.exit(main())
