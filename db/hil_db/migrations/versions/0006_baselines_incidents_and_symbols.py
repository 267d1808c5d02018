"""Name what runs are compared with; keep a run's branch and tags, incidents, images' symbols; uids for all"""

from uuid import NAMESPACE_URL, uuid5

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

# What a row's uid is made of, so that two copies of an old database give it the same one.
_TOLD_BY = {
    "run": ("id", "started", "host", "pid", "pid_birth"),
    "session": ("id", "run_id", "started", "board", "model", "precision"),
}


def upgrade() -> None:
    op.add_column("run", sa.Column("git_branch", sa.Text(), nullable=True))
    op.add_column("run", sa.Column("git_tags", sa.JSON(), server_default="[]", nullable=False))
    op.create_index(op.f("ix_run_git_commit"), "run", ["git_commit"], unique=False)
    op.create_index(op.f("ix_run_git_branch_started"), "run", ["git_branch", "started"], unique=False)
    op.add_column("image", sa.Column("symbols", sa.LargeBinary(), nullable=True))
    op.create_table(
        "incident",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=True),
        sa.Column("board", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("time", sa.DateTime(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_incident_run_id_run")),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name=op.f("fk_incident_session_id_session")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
        sa.UniqueConstraint("uid", name=op.f("uq_incident_uid")),
    )
    op.create_index(op.f("ix_incident_run_id"), "incident", ["run_id"], unique=False)
    op.create_index(op.f("ix_incident_session_id"), "incident", ["session_id"], unique=False)
    op.create_table(
        "baseline",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("run_uid", sa.String(length=32), nullable=True),
        sa.Column("author", sa.String(length=255), nullable=False),
        sa.Column("time", sa.DateTime(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_baseline")),
        sa.UniqueConstraint("uid", name=op.f("uq_baseline_uid")),
    )
    op.create_index(op.f("ix_baseline_name"), "baseline", ["name"], unique=False)
    for table, columns in _TOLD_BY.items():
        _give_uids(table, columns)


def _give_uids(name: str, columns: tuple[str, ...]) -> None:
    table = sa.table(name, sa.column("uid", sa.String), *(sa.column(column) for column in columns))
    connection = op.get_bind()
    without = sa.select(*(table.c[column] for column in columns)).where(table.c.uid.is_(None))
    for row in connection.execute(without).all():
        told = "\n".join([name, *(str(cell).removesuffix(".000000") for cell in row)])
        uid = uuid5(NAMESPACE_URL, told).hex
        connection.execute(sa.update(table).where(table.c.id == row[0]).values(uid=uid))


def downgrade() -> None:
    op.drop_table("baseline")
    op.drop_table("incident")
    op.drop_column("image", "symbols")
    op.drop_index(op.f("ix_run_git_branch_started"), table_name="run")
    op.drop_index(op.f("ix_run_git_commit"), table_name="run")
    op.drop_column("run", "git_tags")
    op.drop_column("run", "git_branch")
