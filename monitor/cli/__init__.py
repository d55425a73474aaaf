"""The `monitor` command. Subcommands are imported when called: `monitor --help` costs click and nothing more."""

from __future__ import annotations

import errno
import importlib
import io
import os
import sys
from pathlib import Path

import click

import monitor
from monitor.cli import options
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


class _Commands(click.Group):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] == "--headless":
            args = ["collect", *args[1:]]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """As ever, but Ctrl-C and a reader of the output who goes away end a command without a word."""
        try:
            try:
                return super().invoke(ctx)
            finally:
                sys.stdout.flush()
        except BrokenPipeError:
            from monitor.cli.rows import is_read

            if is_read():
                raise
            # Python would complain at exit when it flushes what is left; give it a place to flush to.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            for stream in (sys.stdout, sys.stderr):
                os.dup2(nowhere, stream.fileno())
            ctx.exit(0)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"monitor.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(monitor.__version__, "-V", "--version", prog_name="monitor")
@click.option("--headless", is_flag=True, help="As the first word: the same as `monitor collect`.")
@options.config
@options.database
@click.option("--theme", metavar="NAME", help="dark, light, blue-orange, ansi, or one of Textual's.")
@click.option("--no-mouse", is_flag=True, help="Leave the mouse to the terminal.")
@click.option("--no-collect", is_flag=True, help="Only look: start no collector where none runs.")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    headless: bool,
    config: Path | None,
    database: Path | None,
    theme: str | None,
    no_mouse: bool,
    no_collect: bool,
) -> None:
    """News and prices of the AI trade, beside what 27 January 2025 looked like.

    Without a command: opens the screen, a viewer of the database in this terminal. Where nobody collects into that
    database, it starts a collector that ends with it.

    Times are shown in this machine's zone and in New York's. Settings come from --config, $MONITOR_CONFIG, the user's
    configuration folder, or the packaged feeds.yaml, in this order.
    """
    if headless:
        raise click.UsageError("--headless comes first and stands for `collect`: monitor --headless --once")
    if ctx.invoked_subcommand is None:
        from monitor.cli.view import open_screen

        ctx.exit(open_screen(config=config, database=database, theme=theme, mouse=not no_mouse, collect=not no_collect))
    for parameter in ctx.command.params:
        if ctx.get_parameter_source(parameter.name or "") is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"{parameter.opts[0]} comes after the command: {ctx.invoked_subcommand} {parameter.opts[0]} ..."
            )


def main() -> None:
    """Run the command line; every MonitorError becomes its sentence on standard error and an exit status."""
    if sys.stdout is None:  # closed with >&-
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 (open until the end)
    elif isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # \u5fb7 where its encoding has no 德
    try:
        command(prog_name="monitor")
    except MonitorError as error:
        from monitor.text import printable

        for line in str(error).splitlines():
            click.echo(printable(line), err=True)
        sys.exit(STATUS.get(type(error), FAULT))
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EIO, errno.EDQUOT}:
            raise
        click.echo(f"the output could not be written: {error.strerror}", err=True)
        os._exit(FAULT)  # what is left in the buffer would only fail again
