"""Alembic's entry: runs the migrations within the transaction that hil_db.migrate hands over."""

from __future__ import annotations

from alembic import context

from hil_db.schema import METADATA, VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
