"""The option that says who reads what is written.

>>> @click.command()
... @audience_option
... def write(audience: str) -> None: ...
>>> write.params[0].default
'staff'
"""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from scheduler.sites import Audience

F = TypeVar("F", bound=Callable[..., Any])

audience_option: Callable[[F], F] = click.option(
    "--audience",
    type=click.Choice([audience.value for audience in Audience]),
    default=Audience.STAFF.value,
    show_default=True,
    help="Who reads it: decides what it may say.",
)
