"""Tests of cleaning.wet."""
