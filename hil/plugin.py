"""The pytest plug-in: `pytest --board=…` runs the bench, stores what it measured and prints the table.

Fixtures for tests of your own: ``hil_board`` (an open board), ``hil_session`` (that board running one image,
after the handshake) and ``hil_bench`` (measures the session over the model's vectors and records it in the
run); ``board``, ``session`` and ``bench`` are short names of them.
"""

pytest_plugins = (
    "hil.pytest_plugin.order",
    "hil.pytest_plugin.fixtures",
    "hil.pytest_plugin.baseline",
    "hil.pytest_plugin.hooks",
)
