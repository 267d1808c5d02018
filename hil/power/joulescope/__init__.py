"""Joulescope JS110 and JS220 of Jetperch: current, volts and logic inputs, up to two million a second.

The instruments are reached by Jetperch's own library, pyjoulescope_driver (the extra ``joulescope``), which
is imported only when it is used. No instrument has met this driver yet.
"""
