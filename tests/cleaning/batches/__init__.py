"""Tests of cleaning.batches."""
