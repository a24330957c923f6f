"""Tests of runtime.storage."""
