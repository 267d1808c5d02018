"""Bring your own model: a trainer's weights and vectors -> a model folder that the lab builds and runs."""
