"""Tests of cleaning.dedup."""
