"""Finished corpora on disk: found, read and written, in every format.

In reading order:

  formats    the table of formats: how shards are found, named, read and written
  features   what a document consists of: names and kinds of its values
  tfrecord   TFRecord files of tf.train.Example, without TensorFlow
  array_record  ArrayRecord files, by its own library
  parquet    Parquet files with types, without loss
  documents  the documents of a shard: as pairs, in batches, as rows, as Arrow
  layout     the shards of a corpus, found by name, with their splits and languages
  contents   contents.json of a dataset: its name, its features, its shards with their sizes
  selection  the documents that meet conditions
  differences  the documents in which two corpora differ
  conversion  a shard written in other formats
  tfds       features.json and dataset_info.json, as TFDS writes them
  hugging_face  the YAML block of cards, by which `datasets` finds every document
  cards      README.md of a dataset, and of all datasets of one name
  metadata   everything beside the shards of a dataset
"""
