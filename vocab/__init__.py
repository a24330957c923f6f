"""The vocabulary, and what the corpus and the trainer share.

Shared, because `pipelines` and `trainer` never meet and both stand on this package:

  storage, files, compression, tfrecord   files on any filesystem Beam knows, and what is in them
  runners, spread, workers                where work is done: Beam's runners, the local pool
  arguments, config, quantities           command lines: options, errors, figures for people
"""
