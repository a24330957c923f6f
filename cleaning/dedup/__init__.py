"""Map of dedup: to be written."""
