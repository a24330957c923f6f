"""Tests of pipelines.run."""
