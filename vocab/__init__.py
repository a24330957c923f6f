"""SentencePiece vocabularies: trained on a sample of corpora, read, measured.

In reading order:

  vocabulary  a SentencePiece model on disk, its special ids and sentinels
  sampling    the sample that a vocabulary learns from
  recipes     the parameters of a vocabulary, and the published ones as a table
  options     the options of training
  costs       time and memory of training, estimated before it starts
  training    a SentencePiece model trained on a sample
  hugging_face  tokenizer.json, by which transformers reads a vocabulary
  artifacts   the files of a trained vocabulary
  summary     the figures that training prints
  train       the command that trains a vocabulary
  inspection  measures of a vocabulary on a corpus
  inspect     the command that measures a vocabulary
"""
