"""Feeds: calendar addresses, their revocations, and when each was last asked for."""

import sqlalchemy as sa
from alembic import op

from scheduler.store.migrations.guarding import append_only

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "feeds",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("person", sa.String, nullable=False),
        sa.Column("audience", sa.String, nullable=False),
        sa.Column("site", sa.String, nullable=False),
        sa.Column("subject_id", sa.Integer, sa.ForeignKey("subjects.id")),
        sa.Column("language", sa.String, nullable=False),
        sa.Column("token_hash", sa.String, nullable=False),
        sa.Column("change_id", sa.Integer, sa.ForeignKey("changes.id"), nullable=False),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_index(None, "feeds", ["change_id"])
    op.create_table(
        "feed_revocations",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("feed_id", sa.Integer, sa.ForeignKey("feeds.id"), nullable=False),
        sa.Column("change_id", sa.Integer, sa.ForeignKey("changes.id"), nullable=False),
        sa.UniqueConstraint("feed_id"),
    )
    op.create_index(None, "feed_revocations", ["change_id"])
    op.create_table(
        "feed_uses",
        sa.Column(
            "feed_id",
            sa.Integer,
            sa.ForeignKey("feeds.id"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    append_only("feeds", [["id"], ["token_hash"]])
    append_only("feed_revocations", [["id"], ["feed_id"]])
