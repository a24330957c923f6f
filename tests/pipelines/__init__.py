"""Tests of the Beam pipeline, its artifacts and its command line."""
