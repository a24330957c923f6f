"""Map of tokens: to be written."""
