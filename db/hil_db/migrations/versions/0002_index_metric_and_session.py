"""Find a session's value of one metric without reading all values of that metric"""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.drop_index(op.f("ix_measure_metric"), table_name="measure")
    op.create_index(op.f("ix_measure_metric_session_id"), "measure", ["metric", "session_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_measure_metric_session_id"), table_name="measure")
    op.create_index(op.f("ix_measure_metric"), "measure", ["metric"], unique=False)
