"""Map of run: to be written."""
