"""Power probes that are programs: they speak the wire protocol on a pseudo-terminal, faults included."""
