"""Map of sources: to be written."""
