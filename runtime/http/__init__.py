"""Map of http: to be written."""
