"""Tests of pipelines.sources."""
