"""Keep with a profile what each function spent by class of instructions"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("profile", sa.Column("function_classes", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("profile", "function_classes")
