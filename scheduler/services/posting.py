"""Posting: what waits in the outbox is handed to the mail server, mail by mail.

A mail that the server cannot take now is tried again a few times, seconds apart; what then
still waits stays in the outbox for the next run.

>>> [pause(attempt, 0.5) for attempt in (1, 2, 3)]
[1.0, 2.0, 4.0]
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from scheduler.config import Settings
from scheduler.delivery.smtp import AddressRefused, Deferred, Line, LineLost, Relay, Security
from scheduler.errors import BadInput, DeliveryFailed, Problem, SchedulerError
from scheduler.exporters.mail import Envelope, message
from scheduler.files import read_secret
from scheduler.store import Book, Store
from scheduler.store.outbox import Mailing, State

ATTEMPTS = 4
"""Minutes of trouble are for the next run of cron or the timer."""

FIRST_PAUSE = 1.0
"""Seconds, doubled with each attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Postman:
    """Where mails go, and how to wait: `sleep` takes seconds, `chance` gives 0 to 1."""

    relay: Relay
    sleep: Callable[[float], object]
    chance: Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A mail of the outbox with what the book does not hold: addresses.

    `stands` is asked in the very transaction that notes the sending; where it is false
    by then, the mail is dropped.  `whose` names the reader in a sentence.
    """

    mailing: Mailing
    envelope: Envelope
    whose: str
    feed: str = ""
    stands: Callable[[Book], bool] = lambda _: True

    @property
    def content(self) -> bytes:
        """The bytes of the mail, the same each time."""
        letter = self.mailing.letter
        assert letter is not None, "it is kept until it is sent"
        return message(letter.with_feed(self.feed), self.envelope)


@dataclass(slots=True)
class Posted:
    """What came of parcels; the refused ones with the reply, and why others still wait.

    `problems` are what a person has to mend besides.
    """

    sent: list[Parcel] = field(default_factory=list)
    refused: list[tuple[Parcel, str]] = field(default_factory=list)
    waiting: list[Parcel] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    trouble: str = ""

    def failure(self) -> SchedulerError | None:
        """What a person should be told, without a word on any participant."""
        problems = [
            Problem(parcel.whose, f"is refused by the mail server ({reply})", _MEND)
            for parcel, reply in self.refused
        ] + self.problems
        if not self.waiting:
            return BadInput(problems) if problems else None
        count = len(self.sent) + len(self.refused) + len(self.waiting)
        told = "; ".join([self.trouble, *map(str, problems)])
        return DeliveryFailed(f"{len(self.waiting)} of {count} mails wait for the next run: {told}")


_MEND = "mend the address, then: schedule notify --retry"


def post(store: Store, parcels: Sequence[Parcel], postman: Postman) -> Posted:
    """Hand every parcel over, or find out why it has to wait.

    Raises:
        BadInput: the server's certificate, the login or the settings are refused.
        StoreUnavailable: what was done cannot be noted.
    """
    posted = Posted(waiting=list(parcels))
    for attempt in range(ATTEMPTS):
        if not posted.waiting:
            break
        if attempt:
            postman.sleep(pause(attempt, postman.chance()))
        _round(store, postman.relay, posted)
    return posted


def pause(attempt: int, chance: float) -> float:
    """Seconds to wait before an attempt: longer each time, and not the same for everyone."""
    return FIRST_PAUSE * (0.5 + chance) * float(2 ** (attempt - 1))


def _round(store: Store, relay: Relay, posted: Posted) -> None:
    """Try each parcel that waits once, over one line."""
    left, posted.waiting = posted.waiting, []
    try:
        with Line(relay) as line:
            while left:
                _try(store, line, left[0], posted)
                del left[0]
    except LineLost as lost:
        # Whether the server took the one at hand is not known: it is sent again.
        posted.trouble = str(lost)
    posted.waiting += left


def _try(store: Store, line: Line, parcel: Parcel, posted: Posted) -> None:
    mailing, envelope = parcel.mailing, parcel.envelope
    if not store.write(lambda book: _claimed(book, parcel)):
        return
    try:
        line.send(envelope.sender, envelope.to, parcel.content)
    except AddressRefused as refused:
        state = State.REFUSED
        posted.refused.append((parcel, str(refused)))
    except Deferred as deferred:
        state = State.QUEUED
        posted.waiting.append(parcel)
        posted.trouble = f"the {line.name} puts them off ({deferred})"
    else:
        state = State.SENT
        posted.sent.append(parcel)
    store.write(lambda book: book.outbox.settle(mailing, state))


def _claimed(book: Book, parcel: Parcel) -> bool:
    if parcel.stands(book):
        return book.outbox.claim(parcel.mailing)
    book.outbox.drop(parcel.mailing)
    return False


def relay(settings: Settings) -> Relay:
    """The mail server of the settings.

    Raises:
        BadInput: the settings do not name one, or not in a safe way; every problem is listed.
    """
    problems: list[Problem] = []
    host, user = settings.get("smtp_host") or "", settings.get("smtp_user") or ""
    if not host:
        problems.append(Problem("smtp_host", "is not set", 'write smtp_host = "…" in the settings'))
    security = settings.get("smtp_security") or Security.STARTTLS.value
    if security not in list(Security):
        what = f'"{security}" is not one of {", ".join(Security)}'
        problems.append(Problem("smtp_security", what))
    elif security == Security.NONE and user:
        what = "would send the password for anybody to read"
        problems.append(Problem("smtp_user", what, "smtp_security = starttls or tls"))
    port = settings.get("smtp_port") or "0"
    if not port.isdecimal() or not 0 <= int(port) <= 65535:
        problems.append(Problem("smtp_port", f'"{port}" is no port', "like 587"))
    password = _password(settings, user, problems)
    if problems:
        raise BadInput(problems)
    return Relay(
        host=host,
        number=int(port),
        security=Security(security),
        user=user,
        password=password,
    )


def _password(settings: Settings, user: str, problems: list[Problem]) -> str:
    given, file = settings.get("smtp_password"), settings.get("smtp_password_file")
    if given is None and file is not None:
        try:
            given = read_secret(file).rstrip("\r\n")
        except BadInput as error:
            problems += error.problems
            return ""
    if bool(given) == bool(user):
        return given or ""
    place, what = ("smtp_user", "has no password") if user else ("smtp_password", "has no user")
    problems.append(Problem(place, what, "set smtp_user with smtp_password_file, or neither"))
    return ""
