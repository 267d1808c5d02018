"""Say where a value is expected and what it holds for; keep where a session's cycles went"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("measure", sa.Column("low", sa.Double(), nullable=True))
    op.add_column("measure", sa.Column("high", sa.Double(), nullable=True))
    op.add_column("measure", sa.Column("conditions", sa.JSON(), server_default="{}", nullable=False))
    op.create_table(
        "profile",
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("technique", sa.String(length=32), nullable=False),
        sa.Column("regions", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name=op.f("fk_profile_session_id_session")),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_profile")),
    )
    op.create_table(
        "profile_path",
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("instructions", sa.BigInteger(), nullable=False),
        sa.Column("cycles", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["profile.session_id"], name=op.f("fk_profile_path_session_id_profile")
        ),
        sa.PrimaryKeyConstraint("session_id", "place", name=op.f("pk_profile_path")),
    )
    op.create_table(
        "profile_class",
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("instructions", sa.BigInteger(), nullable=False),
        sa.Column("cycles", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["profile.session_id"], name=op.f("fk_profile_class_session_id_profile")
        ),
        sa.PrimaryKeyConstraint("session_id", "place", name=op.f("pk_profile_class")),
    )


def downgrade() -> None:
    op.drop_table("profile_class")
    op.drop_table("profile_path")
    op.drop_table("profile")
    op.drop_column("measure", "conditions")
    op.drop_column("measure", "high")
    op.drop_column("measure", "low")
