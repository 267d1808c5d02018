"""Keep what power probes saw: the files of traces, passes, and windows whether they count or not"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "power_trace",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("driver", sa.String(length=64), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("samples", sa.BigInteger(), nullable=False),
        sa.Column("rate_hz", sa.Double(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_power_trace")),
        sa.UniqueConstraint("sha256", name=op.f("uq_power_trace_sha256")),
    )
    op.create_table(
        "power_pass",
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("trace_id", sa.Integer(), nullable=True),
        sa.Column("untraced", sa.Text(), nullable=True),
        sa.Column("samples", sa.BigInteger(), nullable=False),
        sa.Column("rate_hz", sa.Double(), nullable=False),
        sa.Column("supply_v", sa.Double(), nullable=False),
        sa.Column("inferences", sa.Integer(), nullable=False),
        sa.Column("idle_begin", sa.BigInteger(), nullable=True),
        sa.Column("idle_end", sa.BigInteger(), nullable=True),
        sa.Column("missing", sa.Text(), nullable=True),
        sa.Column("way", sa.Text(), nullable=True),
        sa.Column("vector", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name=op.f("fk_power_pass_session_id_session")
        ),
        sa.ForeignKeyConstraint(
            ["trace_id"], ["power_trace.id"], name=op.f("fk_power_pass_trace_id_power_trace")
        ),
        sa.PrimaryKeyConstraint("session_id", "number", name=op.f("pk_power_pass")),
    )
    op.create_index(op.f("ix_power_pass_trace_id"), "power_pass", ["trace_id"], unique=False)
    op.create_table(
        "power_window",
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("pass_number", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("begin", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("energy_j", sa.Double(), nullable=True),
        sa.Column("invalid", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id", "pass_number"],
            ["power_pass.session_id", "power_pass.number"],
            name=op.f("fk_power_window_session_id_power_pass"),
        ),
        sa.PrimaryKeyConstraint("session_id", "pass_number", "number", name=op.f("pk_power_window")),
    )


def downgrade() -> None:
    op.drop_table("power_window")
    op.drop_index(op.f("ix_power_pass_trace_id"), table_name="power_pass")
    op.drop_table("power_pass")
    op.drop_table("power_trace")
