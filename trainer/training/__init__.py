"""Map of training: to be written."""
