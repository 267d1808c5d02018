"""The flash algorithm that runs on the emulated core: its source and its generator."""
