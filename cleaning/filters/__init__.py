"""Map of filters: to be written."""
