"""Map of wet: to be written."""
