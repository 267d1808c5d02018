"""The tests that `pytest --board=…` runs."""
