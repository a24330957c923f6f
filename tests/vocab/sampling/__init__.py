"""Tests of vocab.sampling."""
