"""Tell runs and sessions apart across databases; mask the passwords of commands and errors stored so far"""

import sqlalchemy as sa
from alembic import op

from hil.masking import masked

revision = "0004"
down_revision = "0003"

_TEXTS = (("run", "command"), ("session", "error"))


def upgrade() -> None:
    for table in ("run", "session"):
        op.add_column(table, sa.Column("uid", sa.String(length=32), nullable=True))
        op.create_index(op.f(f"ix_{table}_uid"), table, ["uid"], unique=True)
    for table, column in _TEXTS:
        _mask(sa.table(table, sa.column("id", sa.Integer), sa.column(column, sa.Text)), column)


def _mask(table: sa.TableClause, column: str) -> None:
    connection = op.get_bind()
    for number, text in connection.execute(sa.select(table.c.id, table.c[column])).all():
        if text is not None and masked(text) != text:
            connection.execute(sa.update(table).where(table.c.id == number).values({column: masked(text)}))


def downgrade() -> None:
    for table in ("session", "run"):
        op.drop_index(op.f(f"ix_{table}_uid"), table_name=table)
        op.drop_column(table, "uid")
