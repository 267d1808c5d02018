"""A hardware-in-the-loop lab for TinyML on Cortex-M4 boards."""
