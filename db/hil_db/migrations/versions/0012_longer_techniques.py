"""Let techniques be longer: those of modelled energy name a probe, a part and how windows were placed"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    _make(32, 64)


def downgrade() -> None:
    _make(64, 32)


def _make(before: int, after: int) -> None:
    for table in ("measure", "sample"):
        with op.batch_alter_table(table) as batch:
            batch.alter_column(
                "technique",
                existing_type=sa.String(length=before),
                type_=sa.String(length=after),
                existing_nullable=False,
            )
