"""The dashboard: choices -> reading -> frames, figures -> pages; read-only, of this machine unless told."""
