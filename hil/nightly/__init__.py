"""What `hil nightly` does: run the bench, compare, and keep what was found in a folder for each night."""
