"""Visits of all sites are found by their day, and a site's participants by its code."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_index(None, "subjects", ["site"])
    op.create_index(None, "visit_entries", ["day"])
