"""The store: runs, sessions, images, measures and raw samples in SQLite or PostgreSQL."""

from pathlib import Path

MIGRATIONS = Path(__file__).parent / "migrations"  # Alembic's scripts
