"""Map of runtime: to be written."""
