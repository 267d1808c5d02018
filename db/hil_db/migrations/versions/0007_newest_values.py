"""Find a case's sessions, and its newest values, without reading those of all others; migrate.py fills in"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def case() -> list[sa.Column[str]]:
    lengths = {"board": 128, "kind": 64, "model": 128, "precision": 8}
    return [sa.Column(name, sa.String(length=length), nullable=False) for name, length in lengths.items()]


def upgrade() -> None:
    op.drop_index(op.f("ix_session_board"), table_name="session")
    op.create_index(
        op.f("ix_session_board_kind_model_precision_started"),
        "session",
        ["board", "kind", "model", "precision", "started"],
        unique=False,
    )
    op.create_table(
        "newest_session",
        *case(),
        sa.Column("started", sa.DateTime(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("most_vectors", sa.Double(), nullable=False),
        sa.Column("profiled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name=op.f("fk_newest_session_session_id_session")
        ),
        sa.PrimaryKeyConstraint("board", "kind", "model", "precision", name=op.f("pk_newest_session")),
    )
    op.create_table(
        "newest_value",
        *case(),
        sa.Column("metric", sa.String(length=64), nullable=False),
        sa.Column("started", sa.DateTime(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name=op.f("fk_newest_value_session_id_session")
        ),
        sa.PrimaryKeyConstraint(
            "board", "kind", "model", "precision", "metric", name=op.f("pk_newest_value")
        ),
    )


def downgrade() -> None:
    op.drop_table("newest_value")
    op.drop_table("newest_session")
    op.drop_index(op.f("ix_session_board_kind_model_precision_started"), table_name="session")
    op.create_index(op.f("ix_session_board"), "session", ["board"], unique=False)
