"""Differential tests of `cleaning` against TensorFlow Datasets c4 3.1.0."""
