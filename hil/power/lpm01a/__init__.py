"""ST's X-NUCLEO-LPM01A (PowerShield): 100,000 samples a second over USB, 50 mA, no logic inputs.

Commands and wire format: ST's manual UM2269 (revision 6). Nobody has run this driver on a board yet; it is
tested against an emulated one alone.
"""
