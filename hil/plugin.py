"""The pytest plug-in: `pytest --board=…` runs the bench, stores what it measured and prints the table."""
