"""Find the newest runs without looking at all of them"""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_index(op.f("ix_run_started"), "run", ["started"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_run_started"), table_name="run")
