"""What the pytest plug-in is made of: the plan, the open boards, the recorder, progress and the table."""
