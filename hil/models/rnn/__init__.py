"""The architecture "rnn": a recurrent cell over time steps, and a classifier of its last state where there
is one.
"""
