"""Map of sampling: to be written."""
