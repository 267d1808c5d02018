"""Two-tier cascades (MSC-RNN): a small cell that scans a bag, a larger one that runs only when it fired."""
