"""The outbox: mails to be sent, and how far each is."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("site", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("week", sa.String, nullable=False),
        sa.Column("recipient", sa.String, nullable=False),
        sa.Column("about", sa.String, nullable=False),
        sa.Column("message_id", sa.String, nullable=False),
        sa.Column("queued", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("letter", sa.JSON(none_as_null=True)),
        sa.UniqueConstraint("site", "kind", "week", "recipient", "about"),
    )
