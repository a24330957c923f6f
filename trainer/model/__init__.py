"""Map of model: to be written."""
