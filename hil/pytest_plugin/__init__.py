"""The parts of the pytest plug-in ``hil.plugin``: options, fixtures, the suite's place and the screen."""
