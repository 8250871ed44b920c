"""CalDAV collections, and what was last written into each."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "collections",
        sa.Column("url", sa.String, primary_key=True),
        sa.Column("site", sa.String, nullable=False),
        sa.Column("audience", sa.String, nullable=False),
        sa.Column("subject_id", sa.Integer, sa.ForeignKey("subjects.id")),
    )
    op.create_table(
        "collection_objects",
        sa.Column("url", sa.String, sa.ForeignKey("collections.url"), primary_key=True),
        sa.Column("uid", sa.String, primary_key=True),
        sa.Column("path", sa.String, nullable=False),
        sa.Column("etag", sa.String, nullable=False),
        sa.Column("body", sa.String, nullable=False),
    )
