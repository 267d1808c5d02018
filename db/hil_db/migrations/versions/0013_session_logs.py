"""Keep what happened in each session, line by line"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "session_log",
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name=op.f("fk_session_log_session_id_session")
        ),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_session_log")),
    )


def downgrade() -> None:
    op.drop_table("session_log")
