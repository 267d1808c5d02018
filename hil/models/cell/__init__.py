"""Recurrent cells, FastGRNN and FastRNN: weights, references in float and fixed point, scales, C."""
