"""What a change did at one site is found without a look at what it did at others."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_index(None, "visit_entries", ["change_id", "site"])
    op.drop_index("visit_entries_change_id_idx", "visit_entries")
