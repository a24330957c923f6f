"""Finished corpora on disk: found, read and written, in every format.

In reading order:

  formats    the table of formats: how shards are found, named, read and written
  tfrecord   TFRecord files of tf.train.Example, without TensorFlow
  documents  the documents of a shard: as pairs, in batches, as rows, as Arrow
  layout     the shards of a corpus, found by name, with their splits and languages
  hugging_face  README.md of a dataset, by which `datasets` finds its splits and languages
  tfds       features.json and dataset_info.json, as TFDS writes them
"""
