"""Map of cli: to be written."""
