"""`schedule config show`: every setting and where its value came from."""

import click

from scheduler import config as settings
from scheduler.app import App
from scheduler.cli import screen
from scheduler.cli.options import json_option
from scheduler.services import clinics


@click.group()
def config() -> None:
    """Look at the settings."""


@config.command()
@json_option
@click.pass_obj
def show(app: App, as_json: bool) -> None:
    """Show each setting's value and where it came from; passwords are masked.

    What is wrong in the site files that are named is told too.
    """
    rows, told = [], {}
    for setting in settings.TABLE:
        value = app.settings.values.get(setting.name)
        shown = settings.shown(value) if value else None
        if value and setting.secret:
            shown = "***"
        source = value.source if value else None
        rows.append([setting.name, shown or "(none)", source or "", setting.about])
        told[setting.name] = {"value": shown, "from": source, "about": setting.about}
    broken = clinics.problems(app.settings)
    if as_json:
        screen.print_json({"settings": told, "problems": list(map(str, broken))})
    else:
        screen.print_table("Settings", ["Setting", "Value", "From", "Meaning"], rows)
    screen.warn(f"in site_files: {problem}" for problem in broken)


COMMANDS = {"config": config}
