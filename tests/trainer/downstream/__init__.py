"""Tests of trainer.downstream."""
