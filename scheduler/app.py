"""The wiring: settings, clock, store and clinic, put together once for every face.

This is the only place that reads the clock, the environment and the login.
"""

import getpass
import os
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, date, datetime
from functools import cached_property, partial
from math import inf
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from scheduler import config
from scheduler.config import Settings
from scheduler.store import Change, Store

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from scheduler.delivery.web import Web
    from scheduler.errors import Problem
    from scheduler.services.clinics import Clinic
    from scheduler.services.posting import Postman
    from scheduler.sites import Site

DEMO_SITE = "built-in demo site; name your own with --site or site_files"


class App:
    """One run of the program; `flags` are the global options that were given.

    `remark` is told what a person should know of the run whatever the command has to say.
    """

    def __init__(
        self,
        flags: Mapping[str, str | None],
        *,
        remark: Callable[[str], object] = lambda _: None,
    ) -> None:
        self._flags, self._remark = flags, remark
        self._opened = ExitStack()
        self._on_demo = False

    @cached_property
    def settings(self) -> Settings:
        """Every setting; not read before it is needed, for help needs none."""
        return config.load(self._flags, os.environ, login=_login())

    def close(self) -> None:
        """Close what was opened."""
        self._opened.close()

    @property
    def database(self) -> str:
        """The address of the book that the settings name."""
        database = self.settings.get("database")
        assert database is not None, "the settings have a default"
        return database

    @cached_property
    def store(self) -> Store:
        """The book that the settings name."""
        return self._opened.enter_context(Store(self.database, remark=self._warn))

    @cached_property
    def clinic(self) -> "Clinic":
        """The clinic that the settings name."""
        return self.clinic_of(None)

    def clinic_of(self, code: str | None) -> "Clinic":
        """The clinic of a site's code."""
        from scheduler.services import clinics

        return self._told(clinics.find(self.settings, code, self.web))

    def clinics(self) -> "tuple[Clinic, ...]":
        """Every clinic that the settings know."""
        from scheduler.services import clinics

        return tuple(map(self._told, clinics.every(self.settings, self.web)))

    def sound_clinics(self) -> "tuple[tuple[Clinic, ...], tuple[Problem, ...]]":
        """The clinic that the settings name, else every sound one; and what is wrong elsewhere."""
        from scheduler.services import clinics

        found, problems = clinics.sound(self.settings, self.web)
        return tuple(map(self._told, found)), problems

    @property
    def site(self) -> str | None:
        """The code of the site that the settings name, None where they name none."""
        named = self.settings.get("site")
        if named is None:
            return None
        return named.upper() if named.upper() in self._zones else self.clinic.site.code

    def todays(self) -> Mapping[str, date]:
        """The day it is at the site that the settings name, else at every one they know."""
        now, zones = self.now(), self._zones
        if self.site:
            zones = {code: zone for code, zone in zones.items() if code == self.site}
        if not zones:
            site = self.clinic.site
            return {site.code: self.today(site)}
        return {code: now.astimezone(zone).date() for code, zone in zones.items()}

    @cached_property
    def _zones(self) -> "Mapping[str, ZoneInfo]":
        from scheduler.services import zones

        found, problems = zones.known(self.settings)
        if found:
            for problem in problems:
                self._warn(str(problem))
        return found

    def _told(self, clinic: "Clinic") -> "Clinic":
        if clinic.site.demo and not self._on_demo:
            self._on_demo = True
            self._remark(f"Site: {clinic.site.name} ({DEMO_SITE})")
        return clinic

    @cached_property
    def web(self) -> "Web":
        """The web, as far as calendars are read from it."""
        from scheduler.delivery.web import Web

        cache = config.DIRS.user_cache_path / "calendars"
        return Web(cache=cache, now=self.now, login=lambda: self.settings.caldav_login())

    @property
    def templates(self) -> Path | None:
        """The hospital's own templates folder, if it has one."""
        return self.settings.templates

    def _warn(self, what: str) -> None:
        self._remark(f"Warning: {what}")

    def now(self) -> datetime:
        """This instant in UTC, in whole seconds as calendars write it."""
        return datetime.now(UTC).replace(microsecond=0)

    def today(self, site: "Site") -> date:
        """The day it is at a site."""
        return self.now().astimezone(site.tz()).date()

    def remaining(self, seconds: float | None) -> Callable[[], float]:
        """How many of so many seconds are left, from now on; None: there is no end."""
        # Other processes may ask, too: the clock is one, and a partial can be sent to them.
        return partial(_left, inf if seconds is None else monotonic() + seconds)

    def postman(self) -> "Postman":
        """Who takes mails to the mail server that the settings name."""
        import random

        from scheduler.services.posting import Postman, relay

        return Postman(relay=relay(self.settings), sleep=time.sleep, chance=random.random)

    def token(self) -> str:
        """A secret that nobody guesses, fit for an address: 256 random bits."""
        import secrets

        return secrets.token_urlsafe(32)

    def change(self, command: str, reason: str = "") -> Change:
        """The history's entry for a command that is run now."""
        user = self.settings.get("user") or ""
        return Change(user=user, at=self.now(), command=command, reason=reason)


def _left(end: float) -> float:
    return end - monotonic()


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"  # a container may run under a number that has no name
