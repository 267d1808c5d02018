"""Cycles that a board measured beside those that the cycle model estimates of the same image."""
