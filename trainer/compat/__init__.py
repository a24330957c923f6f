"""Map of compat: to be written."""
