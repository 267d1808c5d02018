"""What a session measures: one file a meter, all of them in ``list.py``."""
