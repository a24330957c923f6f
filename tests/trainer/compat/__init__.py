"""Tests of trainer.compat."""
