"""Map of inspection: to be written."""
