"""Map of workers: to be written."""
