"""Say of a run why its commit is not known, or what of it no commit holds"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("run", sa.Column("git_note", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("run", "git_note")
