"""Models: their descriptions, test vectors, golden references, fixed-point form and C export."""
