"""The vocabulary, and what the corpus and the trainer share.

`c4forge vocab train`, in the order of the data:

  options     the command line; presets and recipes: its tables
  corpora     the shards of corpora and what their names say; documents: what is in them
  languages   which of them a mixture takes; mixtures: how much of each
  sample      documents drawn by hash; drawing: counts, shares, tasks; sample_graph: on Beam
  sentences   what SentencePiece learns from
  training    the model; costs: what that takes, told before
  results     what is left; summary: what is told

`c4forge vocab inspect`: measures (what a vocabulary makes of a shard), inspection (the tables),
plot. ids and models are for every reader.

Shared, because `pipelines` and `trainer` never meet and both stand on this package:

  storage, files, compression, tfrecord, arrow, lock
                              files on any filesystem Beam knows, and what is in them
  runners, spread, workers    where work is done: Beam's runners, the local pool
  arguments, config, amounts, progress, terminal
                              command lines: options, errors, figures for people
"""
