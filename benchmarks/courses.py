"""Participants of the built-in trial with every visit placed, for benchmarks to work on."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

from scheduler import shipped
from scheduler.placement import Slot
from scheduler.protocol import Protocol
from scheduler.readers import protocol as protocols
from scheduler.readers import site as sites
from scheduler.sites import Site
from scheduler.subject import Status, Subject, Visit, Weight
from scheduler.tree import Tree


def site() -> Site:
    """The demo site."""
    return sites.read(shipped.read("sites/zhujiang.toml").decode(), "zhujiang.toml")


def protocol_text() -> str:
    """The text of the built-in protocol."""
    return shipped.read("protocols/bmsc-stroke.toml").decode()


def tree() -> Tree:
    """The longer arm of the built-in protocol."""
    protocol = protocols.read(protocol_text(), "bmsc-stroke.toml")
    return Tree.of(protocol, protocol.arm("bmsc"))


def subject(code: str, site: str, protocol: Protocol, enrolled: date, kg: Decimal) -> Subject:
    """A participant in that arm, weighed on the day of the enrollment."""
    return Subject(
        code=code,
        site=site,
        arm="bmsc",
        enrolled=enrolled,
        protocol=protocol.id,
        protocol_version=protocol.version,
        weight=Weight(kg=kg, measured=enrolled),
    )


def visits(subject: Subject, slots: Iterable[Slot], changed: datetime) -> list[Visit]:
    """The participant's visits, scheduled where they were placed."""
    return [
        Visit(
            study=subject.protocol,
            subject=subject.code,
            site=subject.site,
            encounter=slot.expected.encounter.id,
            label=slot.expected.encounter.label,
            kind=slot.expected.encounter.kind,
            mode=slot.expected.encounter.mode,
            target=slot.expected.target,
            window=slot.expected.window,
            status=Status.SCHEDULED,
            scheduled=slot.interval,
            allocations=slot.allocations,
            why=slot.why,
            basis=slot.expected.encounter.basis,
            unverified=slot.unverified,
            changed=changed,
        )
        for slot in slots
    ]
