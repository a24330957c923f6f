"""Tests of the vocabulary, and of what corpus and trainer share."""
