"""What a comparison with a baseline comes to: an exit code, and how it is told."""
