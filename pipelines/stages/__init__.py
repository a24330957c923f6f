"""Map of stages: to be written."""
