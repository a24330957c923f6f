"""Tests mirror the packages; `reference` holds differential tests against TFDS."""
