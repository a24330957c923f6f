"""Tests of `cleaning`, module by module; nothing here imports TensorFlow Datasets."""
