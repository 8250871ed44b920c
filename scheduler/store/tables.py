"""The tables of the book, as queries see them; migrations make them in the database.

What has a `change_id` only ever grows; triggers refuse everything else.  `bookings` is a
present state: what open and completed visits take now, in which no two rows of one unit may
overlap.  The `outbox` is no history either (the mails to be sent, and how far each is), nor
are `collections` and their objects (what is on CalDAV servers), nor `feed_uses` (when each
feed was last asked for).

>>> sorted(metadata.tables)
['amendments', 'bookings', 'changes', 'collection_objects', 'collections', 'consents', \
'feed_revocations', 'feed_uses', 'feeds', \
'outbox', 'product_entries', 'products', 'protocols', 'screenings', 'seals', 'subjects', \
'visit_entries', 'visits', 'weights']
"""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
    UniqueConstraint,
)

REVISION = "0008"
"""The schema this program reads and writes: the newest migration."""

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "ck": "%(table_name)s_%(constraint_name)s",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    }
)
"""Names as PostgreSQL would give them; migrations rely on them, so they never change."""


class Instant(TypeDecorator[datetime]):
    """An instant, kept in UTC; it comes back in UTC whatever zone it went in with."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        if value is not None and value.tzinfo is None:
            raise ValueError(f"{value} has no zone")
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        if value is None:
            return None
        # SQLite keeps no zone with the text, and PostgreSQL answers in the session's.
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


changes = Table(
    "changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_name", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("command", String, nullable=False),
    Column("reason", String, nullable=False),
)
"""One row a command: who, when, what, why; every other table of the history refers to it."""

seals = Table(
    "seals",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("change_id", ForeignKey("changes.id"), nullable=False),
    Column("digests", String, nullable=False),
    Column("hash", String, nullable=False),
    UniqueConstraint("change_id"),
)
"""One row a change, numbered from 1 without gaps: the chain of `scheduler.store.chain`.

That numbers are unique keeps two desks from sealing side by side.
"""

protocols = Table(
    "protocols",
    metadata,
    Column("id", String, primary_key=True),
    Column("version", String, primary_key=True),
    Column("text", String, nullable=False),
    Column("change_id", ForeignKey("changes.id"), nullable=False),
    Index(None, "change_id"),
)
"""The text of every protocol version in use; a version never changes."""

subjects = Table(
    "subjects",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("code", String, nullable=False),
    Column("code_key", String, nullable=False),
    Column("site", String, nullable=False),
    Column("arm", String, nullable=False),
    Column("enrolled", Date, nullable=False),
    Column("protocol", String, nullable=False),
    Column("protocol_version", String, nullable=False),
    Column("change_id", ForeignKey("changes.id"), nullable=False),
    UniqueConstraint("code_key"),
    ForeignKeyConstraint(["protocol", "protocol_version"], ["protocols.id", "protocols.version"]),
    Index(None, "site"),
    Index(None, "change_id"),
)
"""Participants as enrolled; `code_key` is the code without case and width."""

amendments = Table(
    "amendments",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("subject_id", ForeignKey("subjects.id"), nullable=False),
    Column("protocol", String, nullable=False),
    Column("version", String, nullable=False),
    Column("change_id", ForeignKey("changes.id"), nullable=False),
    ForeignKeyConstraint(["protocol", "version"], ["protocols.id", "protocols.version"]),
    Index(None, "subject_id"),
    Index(None, "change_id"),
)
"""The protocol version a participant follows from a change on; the newest row counts.

A row with the version that the participant followed before says that it was kept.
"""

weights = Table(
    "weights",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("subject_id", ForeignKey("subjects.id"), nullable=False),
    Column("kg", String, nullable=False),
    Column("measured", Date, nullable=False),
    Column("change_id", ForeignKey("changes.id"), nullable=False),
    Index(None, "subject_id"),
    Index(None, "change_id"),
)
"""Body weights, the newest row counts; kilograms are decimal text, so 68.50 stays 68.50."""

screenings = Table(
    "screenings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("subject_id", ForeignKey("subjects.id"), nullable=False),
    Column("day", Date, nullable=False),
    Column("version", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("consent", String),
    Column("review", String, nullable=False),
    Column("rules", JSON, nullable=False),
    Column("change_id", ForeignKey("changes.id"), nullable=False),
    Index(None, "subject_id"),
    Index(None, "change_id"),
)
"""What screenings came to, rule by rule in `rules`, by the protocol of that `version`; the
newest row counts.  Never an answer: `consent` alone is a date that was asked for, and may
be known to the month or the year only."""

consents = Table(
    "consents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("subject_id", ForeignKey("subjects.id"), nullable=False),
    Column("state", String, nullable=False),
    Column("day", Date, nullable=False),
    Column("change_id", ForeignKey("changes.id"), nullable=False),
    Index(None, "subject_id"),
    Index(None, "change_id"),
)
"""Whether a participant wants to be told of appointments outside of the hospital; the newest
row counts, and without one the answer is no."""

visits = Table(
    "visits",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("subject_id", ForeignKey("subjects.id"), nullable=False),
    Column("encounter", String, nullable=False),
    Column("occurrence", Integer, nullable=False),
    Column("change_id", ForeignKey("changes.id"), nullable=False),
    UniqueConstraint("subject_id", "encounter", "occurrence"),
    Index(None, "change_id"),
)
"""What makes a visit the same one for life; its states are in `visit_entries`."""

visit_entries = Table(
    "visit_entries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("visit_id", ForeignKey("visits.id"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("change_id", ForeignKey("changes.id"), nullable=False),
    Column("study", String, nullable=False),
    Column("site", String, nullable=False),
    Column("label", JSON, nullable=False),
    Column("kind", String, nullable=False),
    Column("mode", String, nullable=False),
    Column("status", String, nullable=False),
    Column("target", Date, nullable=False),
    Column("earliest", Date, nullable=False),
    Column("latest", Date, nullable=False),
    Column("day", Date, nullable=False),
    Column("start_at", Instant),
    Column("end_at", Instant),
    Column("zone", String),
    Column("actual", Date),
    Column("allocations", JSON, nullable=False),
    Column("why", JSON, nullable=False),
    Column("basis", String, nullable=False),
    Column("unverified", Boolean, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("changed", Instant, nullable=False),
    UniqueConstraint("visit_id", "revision"),
    CheckConstraint("revision > 0", name="revision_counts_from_1"),
    CheckConstraint(
        "(start_at IS NULL AND end_at IS NULL AND zone IS NULL)"
        " OR (start_at < end_at AND zone IS NOT NULL)",
        name="slot_whole",
    ),
    Index(None, "site", "day"),
    Index(None, "day"),
    Index(None, "change_id", "site"),
)
"""Every recorded state of every visit; the highest revision is the present one.

`day` is the scheduled day by the site's clock, or the target of a visit without a slot.
"""

products = Table(
    "products",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("subject_id", ForeignKey("subjects.id"), nullable=False),
    Column("batch", String, nullable=False),
    Column("batch_key", String, nullable=False),
    Column("chain", Integer, nullable=False),
    Column("change_id", ForeignKey("changes.id"), nullable=False),
    UniqueConstraint("batch_key"),
    Index(None, "subject_id"),
    Index(None, "change_id"),
)
"""Whose a batch is, and of which chain (the occurrence of its aspiration), for ever;
`batch_key` is the batch without case and width.
"""

product_entries = Table(
    "product_entries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("product_id", ForeignKey("products.id"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("change_id", ForeignKey("changes.id"), nullable=False),
    Column("stage", String, nullable=False),
    Column("kg", String, nullable=False),
    Column("weighed", Date, nullable=False),
    Column("ordered", Date, nullable=False),
    Column("released", Date),
    Column("expires", Date),
    Column("expires_at", String),
    Column("given", JSON, nullable=False),
    Column("reason", String, nullable=False),
    UniqueConstraint("product_id", "revision"),
    CheckConstraint("revision > 0", name="revision_counts_from_1"),
    CheckConstraint("(released IS NULL) = (expires IS NULL)", name="release_whole"),
    CheckConstraint("stage <> 'released' OR released IS NOT NULL", name="released_dated"),
    Index(None, "change_id"),
)
"""Every recorded state of every batch; `expires_at` is wall-clock time at the site, "12:00"."""

feeds = Table(
    "feeds",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("person", String, nullable=False),
    Column("audience", String, nullable=False),
    Column("site", String, nullable=False),
    Column("subject_id", ForeignKey("subjects.id")),
    Column("language", String, nullable=False),
    Column("token_hash", String, nullable=False),
    Column("change_id", ForeignKey("changes.id"), nullable=False),
    UniqueConstraint("token_hash"),
    Index(None, "change_id"),
)
"""Calendar addresses and whose they are, for ever; all of the site where no subject is named."""

feed_revocations = Table(
    "feed_revocations",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("feed_id", ForeignKey("feeds.id"), nullable=False),
    Column("change_id", ForeignKey("changes.id"), nullable=False),
    UniqueConstraint("feed_id"),
    Index(None, "change_id"),
)
"""Feeds that are answered no more."""

feed_uses = Table(
    "feed_uses",
    metadata,
    Column("feed_id", ForeignKey("feeds.id"), primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
)
"""When feeds were last asked for: a present state, and no part of the history."""

bookings = Table(
    "bookings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("site", String, nullable=False),
    Column("unit", String, nullable=False),
    Column("start_at", Instant, nullable=False),
    Column("end_at", Instant, nullable=False),
    Column("zone", String, nullable=False),
    Column("visit_id", ForeignKey("visits.id"), nullable=False),
    CheckConstraint("start_at < end_at", name="takes_time"),
    Index(None, "site", "unit", "start_at"),
    Index(None, "visit_id"),
)
"""Units that visits take now."""

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("site", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("week", String, nullable=False),
    Column("recipient", String, nullable=False),
    Column("about", String, nullable=False),
    Column("message_id", String, nullable=False),
    Column("queued", Instant, nullable=False),
    Column("state", String, nullable=False),
    Column("letter", JSON(none_as_null=True)),
    UniqueConstraint("site", "kind", "week", "recipient", "about"),
)
"""Mails, one a kind, ISO week and recipient; `about` tells those about single visits apart.

A recipient is an id or a participant's code, never an address.  The letter is kept until
it is sent.
"""

collections = Table(
    "collections",
    metadata,
    Column("url", String, primary_key=True),
    Column("site", String, nullable=False),
    Column("audience", String, nullable=False),
    Column("subject_id", ForeignKey("subjects.id")),
)
"""CalDAV collections that visits are published into; all of the site where no subject is named."""

collection_objects = Table(
    "collection_objects",
    metadata,
    Column("url", ForeignKey("collections.url"), primary_key=True),
    Column("uid", String, primary_key=True),
    Column("path", String, nullable=False),
    Column("etag", String, nullable=False),
    Column("body", String, nullable=False),
)
"""What was last written into each: a present state, and no part of the history."""
