"""Tell a board from another lab's of its name, and vectors by their inputs, whatever the reference answers"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("run", sa.Column("origin", sa.Text(), nullable=True))
    op.add_column("session", sa.Column("probe", sa.Text(), nullable=True))
    op.add_column("session", sa.Column("inputs_sha256", sa.String(length=64), nullable=True))


def downgrade() -> None:
    op.drop_column("session", "inputs_sha256")
    op.drop_column("session", "probe")
    op.drop_column("run", "origin")
