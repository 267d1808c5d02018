"""Schemes that pyserial learns from us: ``unix:///path/to.sock``."""
