"""Tests of runtime.workers."""
