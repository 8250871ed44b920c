"""Answers about a person on the command line: options, a file, or prompts.

The options are those that most protocols ask; a file can hold every answer.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from scheduler.answers import answer, expected
from scheduler.criteria import Criteria

if TYPE_CHECKING:
    from scheduler.services.screening import Given

F = TypeVar("F", bound=Callable[..., Any])

_ASKED = {
    "birth": "Date of birth; used and never kept.",
    "consent": "Day of the signed consent.",
    "onset": "Day of the stroke.",
    "nihss": "NIHSS score.",
    "febrile": "Last day of a severe febrile or viral disease, or none, or ongoing.",
    "other-trial": "Last day in another trial, or none, or ongoing.",
    "pregnancy-test": '"negative 2026-03-01", or "not applicable".',
}
"""Options by the id of the fact they answer; dates may be as short as 2026-03 or 2026."""


def answer_options(command: F) -> F:
    """Give a command the options of answers; it gets them as one argument, `given`."""
    from scheduler.services.screening import Given

    @wraps(command)
    def gathering(*args: Any, answers: Path | None, **options: Any) -> Any:
        texts = {id: options.pop(id.replace("-", "_")) for id in _ASKED}
        written = {id: text for id, text in texts.items() if text is not None}
        return command(*args, given=Given(file=answers, written=written), **options)

    decorated: Any = gathering
    for id, help in reversed(_ASKED.items()):
        decorated = click.option(f"--{id}", metavar="TEXT", help=help)(decorated)
    file = click.option(
        "--answers", type=click.Path(path_type=Path), metavar="FILE", help="Answers, as TOML."
    )
    result: F = file(decorated)
    return result


def asked_for(criteria: Criteria, given: "Given") -> "Given":
    """What was given, and at a prompt what was not; an empty line is not known."""
    from scheduler.services.screening import gathered

    if not sys.stdin.isatty():
        remedy = "give --answers FILE, or options such as --pregnancy-test"
        raise click.UsageError(f"there is no terminal to ask on; {remedy}")
    known = gathered(criteria, given)
    written = dict(given.written)
    for fact in criteria.facts:
        while fact.id not in known:
            label = f"{fact.label} ({expected(fact)})"
            text = click.prompt(label, default="", show_default=False, err=True).strip()
            if not text:
                break
            try:
                answer(fact, text)
            except ValueError as error:
                click.echo(f"  it {error}", err=True)
                continue
            written[fact.id] = text
            break
    return replace(given, written=written)
