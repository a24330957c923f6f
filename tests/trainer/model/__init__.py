"""Tests of trainer.model."""
