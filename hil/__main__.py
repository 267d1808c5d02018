"""`python -m hil` is the command `hil`."""

import sys

from hil.cli import main

sys.exit(main())
