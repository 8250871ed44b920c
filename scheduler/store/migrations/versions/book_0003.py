"""Consents: who wants to be told of appointments outside of the hospital."""

import sqlalchemy as sa
from alembic import op

from scheduler.store.migrations.guarding import append_only

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "consents",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("subject_id", sa.Integer, sa.ForeignKey("subjects.id"), nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("change_id", sa.Integer, sa.ForeignKey("changes.id"), nullable=False),
    )
    op.create_index(None, "consents", ["subject_id"])
    op.create_index(None, "consents", ["change_id"])
    append_only("consents", [["id"]])
