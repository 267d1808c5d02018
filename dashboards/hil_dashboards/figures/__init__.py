"""The plots: a module each, from frames to what Plotly draws."""
