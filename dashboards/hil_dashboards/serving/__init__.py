"""Who is let in, and what they may do: log-ins, headers, limits, decisions."""
