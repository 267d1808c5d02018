"""The lab file: which boards there are, how each is reached, and what is wrong in it, line by line."""
