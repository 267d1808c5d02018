"""One file on one run: what is worse and why, values and their history, memory, where cycles go."""
