"""What commands print of what they found, as lines."""
