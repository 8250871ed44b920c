"""Publication: visits as calendars, sheets and tables, ready to be written.

A `Press` knows the clinic, the templates and the moment of printing; each of its
methods gives the bytes of one kind of file.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from scheduler import shipped
from scheduler.exporters import ics
from scheduler.protocol import Protocol
from scheduler.services.clinics import Clinic
from scheduler.sites import Audience
from scheduler.subject import Subject, Visit


class Press:
    """Makes files for one clinic."""

    def __init__(self, clinic: Clinic, own: Path | None, *, printed: datetime) -> None:
        self._site, self._own, self._printed = clinic.site, own, printed

    def calendar(
        self, visits: Iterable[Visit], protocol: Protocol, audience: Audience = Audience.STAFF
    ) -> Iterator[bytes]:
        """One .ics file for an audience."""
        return ics.calendar(visits, site=self._site, protocol=protocol, audience=audience)

    def sheets(self, subject: Subject, visits: Sequence[Visit], protocol: Protocol) -> bytes:
        """One participant's calendar page and visit sheets, as PDF."""
        from scheduler.exporters import sheets  # the typesetter loads slowly: only for printing

        names = (*shipped.names("sheets", self._own), *shipped.names("fonts", self._own))
        return sheets.visit_sheets(
            subject,
            visits,
            protocol=protocol,
            site=self._site,
            language=self._site.language,
            paper=self._site.paper,
            printed=self._printed.astimezone(self._site.tz()),
            templates=sheets.Templates(
                files={name: shipped.read(name, self._own) for name in names},
                fonts=(str(shipped.folder() / "fonts"),),
            ),
        )
