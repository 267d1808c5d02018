"""The machine that boards are attached to: who uses which, how each stands, what keeps it from being used."""
