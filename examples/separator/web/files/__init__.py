"""Files on their way out: whole, in part, signed, as an archive."""
