"""`schedule config show`: every setting and where its value came from."""

import click

from scheduler import config as settings
from scheduler.app import App
from scheduler.cli import screen


@click.group()
def config() -> None:
    """Look at the settings."""


@config.command()
@click.pass_obj
def show(app: App) -> None:
    """Show each setting's value and where it came from; passwords are masked."""
    rows = []
    for setting in settings.TABLE:
        value = app.settings.values.get(setting.name)
        shown = settings.shown(value) if value else "(none)"
        rows.append([setting.name, shown, value.source if value else "", setting.about])
    screen.print_table("Settings", ["Setting", "Value", "From", "Meaning"], rows)


COMMANDS = {"config": config}
