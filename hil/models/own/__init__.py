"""The architecture "own": somebody's own C source behind the runtime, with what it must answer beside it."""
