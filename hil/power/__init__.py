"""Power probes: what one is, what it saw, and a driver for each."""
