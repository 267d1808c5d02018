"""The store: runs, sessions, images, measures and raw samples in SQLite or PostgreSQL."""
