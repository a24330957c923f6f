"""Tests of cleaning.filters."""
