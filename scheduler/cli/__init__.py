"""The command line: words in, one service call, words out.

Data goes to stdout, words for people to stderr; every way to fail has its exit code
(`scheduler.errors`).  Commands are imported when they are called, so that a quick look
into the book does not wait for the typesetter, and help or a TAB waits for none of them.
"""

import os
import re
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper

import click
from click.shell_completion import CompletionItem

from scheduler import __version__
from scheduler.cli.screen import complain, say
from scheduler.errors import OutputError, SchedulerError, UnknownName, UsageError

_COMMANDS = {
    "audit": ("audit", "Who did what, when and why; verify or export that."),
    "caldav": ("caldav", "Publish visits into a CalDAV collection; see what changed there."),
    "check": ("check", "Check coming visits against the calendars as they are now."),
    "config": ("settings", "Show each setting and where it comes from."),
    "db": ("db", "Back up, restore, upgrade or move the book."),
    "deviations": ("deviations", "List visits out of window or order, missed, or forced."),
    "enroll": ("enroll", "Enroll a participant: plan, place and store every visit."),
    "explain": ("explain", "Say for each day of a visit's window why it is there, or not."),
    "export": ("export", "Write calendars (.ics), visit sheets (PDF) or a table (CSV)."),
    "feed": ("feeds", "Give people calendar addresses that update themselves."),
    "list": ("agenda", "List everybody's visits, by day."),
    "notify": ("notify", "Send the mail of the week, and reminders."),
    "product": ("products", "Follow cell products: order, release, expiry, failure."),
    "protocol": ("protocols", "Look at protocols, check, compare and amend them."),
    "replan": ("replan", "Propose the best way out when visits lost their time."),
    "screen": ("screening", "Judge by a protocol's criteria who may be enrolled."),
    "serve": ("serve", "Answer calendar feeds until stopped."),
    "show": ("agenda", "Show one participant's visits."),
    "site": ("sites", "Check site files."),
    "subject": ("subjects", "Withdraw, weigh or screen a participant; record a consent."),
    "upcoming": ("agenda", "List the visits of the coming days."),
    "visit": ("visits", "Confirm, complete, miss, move, hold, cancel or add a visit."),
    "worker": ("worker", "Arrange sites for who re-plans many, until stopped."),
}
"""Commands: the modules of this package that hold them, and what lists of them say."""


class Commands(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"scheduler.cli.{_COMMANDS[cmd_name][0]}")
        commands: dict[str, click.Command] = module.COMMANDS
        _furnish(commands[cmd_name], f"SCHEDULE_{cmd_name}")
        return commands[cmd_name]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        asked = not ctx.resilient_parsing  # and not while a TAB is answered
        if asked and args[0] not in _COMMANDS and not args[0].startswith("-"):
            raise UnknownName("command", args[0], _COMMANDS)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in _COMMANDS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        # A group would ask each command what it does, and so import them all at every TAB.
        found = [
            CompletionItem(name, help=about)
            for name, (_, about) in _COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]


def _furnish(command: click.Command, prefix: str) -> None:
    """Give each option of a command its environment variable, called as the option is.

    The settings and --json belong to all commands, and their variables to `schedule`.
    Each command of a group gets its line in the list: what its help says up to a ";" or ":".
    """
    for option in command.params:
        if isinstance(option, click.Option) and option.name != "as_json":
            name = option.opts[0].removeprefix("--").replace("-", "_")
            option.envvar = f"{prefix}_{name}".upper()
    if isinstance(command, click.Group):
        for name, part in command.commands.items():
            sentence = re.split("[;:]|\n\n", part.help or "", maxsplit=1)[0]
            part.short_help = f"{sentence.rstrip('.')}."
            _furnish(part, f"{prefix}_{name}")


@click.group(cls=Commands, context_settings={"max_content_width": 100})
@click.option("--config", metavar="FILE", help="Configuration file.")
@click.option("--database", metavar="URL", help="Address of the book.")
@click.option("--site", metavar="CODE", help="Site to work for: a code, or a site file.")
@click.option("--user", metavar="NAME", help="Operating person, for the history (default: login).")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    envvar="SCHEDULE_JSON",
    help="Print one JSON object instead of a table.",
)
@click.version_option(__version__, package_name="infusion-scheduler")
@click.pass_context
def schedule(
    ctx: click.Context,
    config: str | None,
    database: str | None,
    site: str | None,
    user: str | None,
    as_json: bool,
) -> None:
    """Plan the visits of a clinical trial and keep the plan in step with life."""
    from scheduler.app import App

    flags = {"config": config, "database": database, "site": site, "user": user}
    ctx.obj = app = App(flags, remark=say)
    ctx.call_on_close(app.close)
    ctx.meta["json"] = as_json


def main(argv: Sequence[str] | None = None) -> None:
    """Run the program and exit; nothing that a person does ends in a traceback."""
    sys.exit(run(argv))


def run(argv: Sequence[str] | None = None) -> int:
    """Run one command; the result is its exit code."""
    _allow_any_letter()
    arguments = sys.argv[1:] if argv is None else list(argv)
    try:
        _check_text(arguments)
        _check_text([v for name, v in os.environ.items() if name.startswith("SCHEDULE_")])
        result = schedule.main(arguments, prog_name="schedule", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        complain("stopped")
        return 1
    except SchedulerError as error:
        complain(str(error))
        return error.exit_code
    except (BrokenPipeError, SystemExit):
        # click and rich turn the first into the second: the reader of our output has gone.
        _let_go_of_stdout()
        return 0
    except Exception as error:
        if isinstance(error, OSError) and error.filename is None:
            # Commands print when all else is done, and other files have errors of their own.
            _let_go_of_stdout()
            complain(f"done, but the output cannot be written: {error.strerror}")
            return OutputError.exit_code
        complain(f"unexpected failure: {type(error).__name__}: {error}")
        if os.environ.get("SCHEDULE_DEBUG"):
            raise
        return SchedulerError.exit_code
    return result if isinstance(result, int) else 0


def _allow_any_letter() -> None:
    """Print "?" for what the screen's encoding lacks: the command has been carried out by then."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def _check_text(arguments: Sequence[str]) -> None:
    """UsageError for bytes that are no text here; neither book nor calendar could hold them."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError as error:
            raise UsageError(f"{argument!a} is not text in UTF-8") from error


def _let_go_of_stdout() -> None:
    """Lead stdout nowhere, so that Python's own flush at exit does not fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
