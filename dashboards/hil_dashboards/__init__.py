"""The dashboard: queries -> frames -> figures -> pages, read-only and of this machine alone by default."""
