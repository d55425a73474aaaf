"""The `monitor` command: the screen, which opens without click where it can, or one of click's commands."""

from __future__ import annotations

import errno
import io
import os
import sys
from pathlib import Path

from monitor.cli.plain import screen_asked
from monitor.errors import AlreadyCollecting, ConfigError, MonitorError

COMMANDS = {
    "alerts": "List alerts, newest first.",
    "baseline": "What was documented of 27 January 2025, and today beside it.",
    "check": "Check the settings and say every mistake at once.",
    "collect": "Collect feeds and quotes, without a screen.",
    "demo": "Replay 27 January 2025 on this machine alone (SIMULATED).",
    "doctor": "Try everything once and say what is wrong, with a cure.",
    "feeds": "List feeds; import and export them as OPML.",
    "headlines": "List headlines, newest first.",
    "history": "List past prices of a symbol, fetched by the collector.",
    "poll": "Have the collector ask its sources now.",
    "quotes": "List the last quotes.",
    "status": "Say whether a collector lives and how its sources are.",
    "tail": "Print headlines and alerts as they come.",
}

FAULT = 1
STATUS = {ConfigError: 2, AlreadyCollecting: 3}  # 2 is also click's for wrong usage
INTERRUPTED = 130  # as shells have it


def main() -> None:
    """Run the command line; every MonitorError becomes its sentence on standard error and an exit status."""
    if sys.stdout is None:  # closed with >&-
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 (open until the end)
    elif isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # \u5fb7 where its encoding has no 德
    try:
        _run()
    except MonitorError as error:
        from monitor.text import printable

        for said in error.mistakes if isinstance(error, ConfigError) else [error]:
            _say(printable(said))
        sys.exit(STATUS.get(type(error), FAULT))
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EIO, errno.EDQUOT}:
            raise
        _say(f"the output could not be written: {error.strerror}")
        os._exit(FAULT)  # what is left in the buffer would only fail again


def _run() -> None:
    if (asked := screen_asked(sys.argv[1:], os.environ)) is None:
        from monitor.cli.commands import command

        command(prog_name="monitor")
        return
    from monitor.cli.view import open_screen

    try:
        sys.exit(open_screen(**asked._asdict()))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _say(line: str) -> None:
    import click

    click.echo(line, err=True)
