"""`schedule protocol list|show|check|diff|amend`: studies and their rules."""

import click

from scheduler.app import App
from scheduler.cli import amendments, screen
from scheduler.cli.options import json_option
from scheduler.criteria import Criterion, Rule
from scheduler.exporters import protocols
from scheduler.protocol import Arm, Encounter, Protocol
from scheduler.services import studies


@click.group()
def protocol() -> None:
    """Look at protocols, check and compare them, and amend a study."""


@protocol.command("list")
@json_option
@click.pass_obj
def list_protocols(app: App, as_json: bool) -> None:
    """List the protocols that can be named with --protocol."""
    listed = {
        name: studies.find(name, app.templates).protocol for name in studies.names(app.templates)
    }
    if as_json:
        told = [{"name": name, **protocols.summary(found)} for name, found in listed.items()]
        screen.print_json({"protocols": told})
        return
    rows = []
    for name, found in listed.items():
        arms = ", ".join(arm.code for arm in found.arms)
        rows.append([name, found.version, arms, str(found.title)])
    screen.print_table("Protocols", ["Name", "Version", "Arms", "Title"], rows)


@protocol.command()
@click.argument("name", metavar="NAME|FILE", default=studies.BUILT_IN)
@json_option
@click.pass_obj
def show(app: App, name: str, as_json: bool) -> None:
    """Show a protocol: every encounter, where its row comes from, and every criterion."""
    found = studies.find(name, app.templates).protocol
    if as_json:
        screen.print_json(protocols.record(found))
        return
    click.echo(f"{found.title} ({found.id} version {found.version})")
    click.echo(f"{found.notice}")
    for milestone in found.milestones:
        click.echo(f"{milestone.id}: {milestone.anchor} {milestone.offset}, no appointment")
    columns = ["Encounter", "Timing", "Minutes", "Mode", "Resources", "Basis"]
    for arm in found.arms:
        screen.print_table(_headline(arm), columns, map(_row, arm.encounters))
    if criteria := found.criteria.criteria:
        columns = ["Criterion", "", "Lets in", "Answer", "What is asked"]
        rows = (_asked(found, one, rule) for one in criteria for rule in one.rules)
        screen.print_table("Eligibility", columns, rows)


@protocol.command()
@click.argument("file", metavar="FILE")
@json_option
@click.pass_obj
def check(app: App, file: str, as_json: bool) -> None:
    """Check a protocol file; every problem is listed with its place."""
    found = studies.find(file, app.templates).protocol
    arms = ", ".join(f"{arm.code} ({len(arm.encounters)} encounters)" for arm in found.arms)
    screen.answer(
        {"file": file, **protocols.summary(found)},
        f"{file}: {found.id} version {found.version} is sound; arms: {arms}",
        as_json=as_json,
    )


def _asked(study: Protocol, criterion: Criterion, rule: Rule) -> list[str]:
    label = study.criteria.fact(rule.fact).label
    return [criterion.type.value, criterion.id, str(rule), rule.fact, str(label)]


def _headline(arm: Arm) -> str:
    dose = arm.dose
    line = f"Arm {arm.code}: {arm.label}"
    if dose is None:
        return line
    cells = f"{dose.cells_per_kg:,}".replace(",", " ")
    return f"{line}, {cells} cells/kg in {dose.volume_ml} ± {dose.tolerance_ml} ml"


def _row(encounter: Encounter) -> list[str]:
    rules = "; ".join(map(str, (encounter.timing, *encounter.limits)))
    needs = ", ".join(f"{need.resource} {need.minutes}" for need in encounter.needs)
    return [
        encounter.id,
        rules,
        str(encounter.minutes),
        encounter.mode.value,
        needs or "none",
        encounter.basis,
    ]


protocol.add_command(amendments.diff)
protocol.add_command(amendments.amend)

COMMANDS = {"protocol": protocol}
