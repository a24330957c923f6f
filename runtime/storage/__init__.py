"""Map of storage: to be written."""
