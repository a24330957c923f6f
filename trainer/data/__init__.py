"""Map of data: to be written."""
