"""One thread at a time makes syntax trees of Python's text, which NumPy does of each array's head.

Before Python 3.13 an interpreter counts their depth for all threads at once: two at work end in a SystemError
(CPython's issue 106905), in a test's report or in the thread that reads the arrays.
"""

from __future__ import annotations

import threading

PARSING = threading.RLock()  # held while arrays are read, and while pytest writes a report
