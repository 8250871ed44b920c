"""The first book: append-only history, present bookings without overlaps.

There is no downgrade: a book is only ever restored from a backup.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

INSTANT = sa.DateTime(timezone=True)

APPEND_ONLY = {
    "changes": [["id"]],
    "seals": [["number"], ["change_id"]],
    "protocols": [["id", "version"]],
    "subjects": [["id"], ["code_key"]],
    "amendments": [["id"]],
    "weights": [["id"]],
    "screenings": [["id"]],
    "visits": [["id"], ["subject_id", "encounter", "occurrence"]],
    "visit_entries": [["id"], ["visit_id", "revision"]],
    "products": [["id"], ["batch_key"]],
    "product_entries": [["id"], ["product_id", "revision"]],
}
"""Tables that only grow, each with its keys."""


def upgrade() -> None:
    _create_subjects()
    _create_screenings()
    _create_visits()
    _create_products()
    _create_bookings()
    if op.get_context().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def _create_subjects() -> None:
    op.create_table(
        "changes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("user_name", sa.String, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("command", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
    )
    op.create_table(
        "seals",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("change_id", sa.Integer, sa.ForeignKey("changes.id"), nullable=False),
        sa.Column("digests", sa.String, nullable=False),
        sa.Column("hash", sa.String, nullable=False),
        sa.UniqueConstraint("change_id"),
    )
    op.create_table(
        "protocols",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("version", sa.String, primary_key=True),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("change_id", sa.Integer, sa.ForeignKey("changes.id"), nullable=False),
    )
    op.create_index(None, "protocols", ["change_id"])
    op.create_table(
        "subjects",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("code", sa.String, nullable=False),
        sa.Column("code_key", sa.String, nullable=False),
        sa.Column("site", sa.String, nullable=False),
        sa.Column("arm", sa.String, nullable=False),
        sa.Column("enrolled", sa.Date, nullable=False),
        sa.Column("protocol", sa.String, nullable=False),
        sa.Column("protocol_version", sa.String, nullable=False),
        sa.Column("change_id", sa.Integer, sa.ForeignKey("changes.id"), nullable=False),
        sa.UniqueConstraint("code_key"),
        sa.ForeignKeyConstraint(
            ["protocol", "protocol_version"], ["protocols.id", "protocols.version"]
        ),
    )
    op.create_index(None, "subjects", ["change_id"])
    op.create_table(
        "amendments",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("subject_id", sa.Integer, sa.ForeignKey("subjects.id"), nullable=False),
        sa.Column("protocol", sa.String, nullable=False),
        sa.Column("version", sa.String, nullable=False),
        sa.Column("change_id", sa.Integer, sa.ForeignKey("changes.id"), nullable=False),
        sa.ForeignKeyConstraint(["protocol", "version"], ["protocols.id", "protocols.version"]),
    )
    op.create_index(None, "amendments", ["subject_id"])
    op.create_index(None, "amendments", ["change_id"])
    op.create_table(
        "weights",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("subject_id", sa.Integer, sa.ForeignKey("subjects.id"), nullable=False),
        sa.Column("kg", sa.String, nullable=False),
        sa.Column("measured", sa.Date, nullable=False),
        sa.Column("change_id", sa.Integer, sa.ForeignKey("changes.id"), nullable=False),
    )
    op.create_index(None, "weights", ["subject_id"])
    op.create_index(None, "weights", ["change_id"])


def _create_screenings() -> None:
    op.create_table(
        "screenings",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("subject_id", sa.Integer, sa.ForeignKey("subjects.id"), nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("version", sa.String, nullable=False),
        sa.Column("outcome", sa.String, nullable=False),
        sa.Column("consent", sa.String),
        sa.Column("review", sa.String, nullable=False),
        sa.Column("rules", sa.JSON, nullable=False),
        sa.Column("change_id", sa.Integer, sa.ForeignKey("changes.id"), nullable=False),
    )
    op.create_index(None, "screenings", ["subject_id"])
    op.create_index(None, "screenings", ["change_id"])


def _create_visits() -> None:
    op.create_table(
        "visits",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("subject_id", sa.Integer, sa.ForeignKey("subjects.id"), nullable=False),
        sa.Column("encounter", sa.String, nullable=False),
        sa.Column("occurrence", sa.Integer, nullable=False),
        sa.Column("change_id", sa.Integer, sa.ForeignKey("changes.id"), nullable=False),
        sa.UniqueConstraint("subject_id", "encounter", "occurrence"),
    )
    op.create_index(None, "visits", ["change_id"])
    op.create_table(
        "visit_entries",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("visit_id", sa.Integer, sa.ForeignKey("visits.id"), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("change_id", sa.Integer, sa.ForeignKey("changes.id"), nullable=False),
        sa.Column("study", sa.String, nullable=False),
        sa.Column("site", sa.String, nullable=False),
        sa.Column("label", sa.JSON, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("mode", sa.String, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("target", sa.Date, nullable=False),
        sa.Column("earliest", sa.Date, nullable=False),
        sa.Column("latest", sa.Date, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("start_at", INSTANT),
        sa.Column("end_at", INSTANT),
        sa.Column("zone", sa.String),
        sa.Column("actual", sa.Date),
        sa.Column("allocations", sa.JSON, nullable=False),
        sa.Column("why", sa.JSON, nullable=False),
        sa.Column("basis", sa.String, nullable=False),
        sa.Column("unverified", sa.Boolean, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("changed", INSTANT, nullable=False),
        sa.UniqueConstraint("visit_id", "revision"),
        sa.CheckConstraint("revision > 0", name="revision_counts_from_1"),
        sa.CheckConstraint(
            "(start_at IS NULL AND end_at IS NULL AND zone IS NULL)"
            " OR (start_at < end_at AND zone IS NOT NULL)",
            name="slot_whole",
        ),
    )
    op.create_index(None, "visit_entries", ["site", "day"])
    op.create_index(None, "visit_entries", ["change_id"])


def _create_products() -> None:
    op.create_table(
        "products",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("subject_id", sa.Integer, sa.ForeignKey("subjects.id"), nullable=False),
        sa.Column("batch", sa.String, nullable=False),
        sa.Column("batch_key", sa.String, nullable=False),
        sa.Column("chain", sa.Integer, nullable=False),
        sa.Column("change_id", sa.Integer, sa.ForeignKey("changes.id"), nullable=False),
        sa.UniqueConstraint("batch_key"),
    )
    op.create_index(None, "products", ["subject_id"])
    op.create_index(None, "products", ["change_id"])
    op.create_table(
        "product_entries",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("product_id", sa.Integer, sa.ForeignKey("products.id"), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("change_id", sa.Integer, sa.ForeignKey("changes.id"), nullable=False),
        sa.Column("stage", sa.String, nullable=False),
        sa.Column("kg", sa.String, nullable=False),
        sa.Column("weighed", sa.Date, nullable=False),
        sa.Column("ordered", sa.Date, nullable=False),
        sa.Column("released", sa.Date),
        sa.Column("expires", sa.Date),
        sa.Column("expires_at", sa.String),
        sa.Column("given", sa.JSON, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.UniqueConstraint("product_id", "revision"),
        sa.CheckConstraint("revision > 0", name="revision_counts_from_1"),
        sa.CheckConstraint("(released IS NULL) = (expires IS NULL)", name="release_whole"),
        sa.CheckConstraint("stage <> 'released' OR released IS NOT NULL", name="released_dated"),
    )
    op.create_index(None, "product_entries", ["change_id"])


def _create_bookings() -> None:
    op.create_table(
        "bookings",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("site", sa.String, nullable=False),
        sa.Column("unit", sa.String, nullable=False),
        sa.Column("start_at", INSTANT, nullable=False),
        sa.Column("end_at", INSTANT, nullable=False),
        sa.Column("zone", sa.String, nullable=False),
        sa.Column("visit_id", sa.Integer, sa.ForeignKey("visits.id"), nullable=False),
        sa.CheckConstraint("start_at < end_at", name="takes_time"),
    )
    op.create_index(None, "bookings", ["site", "unit", "start_at"])
    op.create_index(None, "bookings", ["site", "end_at"])
    op.create_index(None, "bookings", ["visit_id"])


def _guard_postgresql() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.execute(
        "ALTER TABLE bookings ADD CONSTRAINT bookings_no_overlap EXCLUDE USING gist"
        " (site WITH =, unit WITH =, tstzrange(start_at, end_at) WITH &&)"
    )
    op.execute(
        "CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN RAISE EXCEPTION 'append_only: % on %', TG_OP, TG_TABLE_NAME; END$$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE"
            f" ON {table} FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        )


def _guard_sqlite() -> None:
    # Rows of one unit never overlap, so the last to start before an interval's end is the
    # only one that can reach into it: one step in the index, however full the book.
    clash = (
        "(SELECT end_at FROM bookings WHERE site = NEW.site AND unit = NEW.unit"
        " AND start_at < NEW.end_at{others} ORDER BY start_at DESC LIMIT 1) > NEW.start_at"
    )
    refuse = "BEGIN SELECT RAISE(ABORT, '{name}'); END"
    overlap = refuse.format(name="bookings_no_overlap")
    for event, others in (("INSERT", ""), ("UPDATE", " AND id <> OLD.id")):
        op.execute(
            f"CREATE TRIGGER bookings_no_overlap_{event.lower()} BEFORE {event} ON bookings"
            f" WHEN {clash.format(others=others)} {overlap}"
        )
    for table, keys in APPEND_ONLY.items():
        refused = refuse.format(name="append_only")
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_append_only_{event.lower()}"
                f" BEFORE {event} ON {table} {refused}"
            )
        # INSERT OR REPLACE deletes the old row without asking a DELETE trigger.
        same = " OR ".join(
            "(" + " AND ".join(f"{column} = NEW.{column}" for column in key) + ")" for key in keys
        )
        op.execute(
            f"CREATE TRIGGER {table}_append_only_replace BEFORE INSERT ON {table}"
            f" WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) {refused}"
        )
