"""The pages: trees of Dash components, made of values alone."""
