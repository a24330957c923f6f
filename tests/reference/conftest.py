"""Loads the reference before any test imports TensorFlow: cld3 must come first."""

import importlib.util

if importlib.util.find_spec("tensorflow_datasets") and importlib.util.find_spec("gcld3"):
    import tests.reference.reference  # noqa: F401
