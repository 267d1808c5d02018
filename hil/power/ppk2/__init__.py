"""Nordic's Power Profiler Kit II: 100,000 samples a second over a USB serial port.

Wire format: Nordic's own host software (pc-nrfconnect-ppk), read for its facts. Nobody has run this driver
on a kit yet; it is tested against an emulated one and, sample by sample, against ppk2-api.
"""
