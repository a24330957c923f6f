"""Finished corpora on disk: found, read and written, in every format.

In reading order:

  features    the features of a document; the types of functions that read and write them
  tfrecord    TFRecord files of tf.train.Example, without TensorFlow
  parquet     Parquet, a column for each feature
  jsonl       JSON lines, an object for each document
  plain_text  a document on each line; only read
  formats     the table of formats: how shards are found, named, read and written
  documents   the documents of a shard: as pairs, in batches, as rows, as Arrow
  layout      the shards of a corpus, found by name, with their splits and languages
  tfds        features.json and dataset_info.json, as TFDS writes them
"""
