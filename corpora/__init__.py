"""Map of corpora: to be written."""
