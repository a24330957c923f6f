"""Tests of vocab."""
