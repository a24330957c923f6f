"""Measures of a vocabulary on a corpus.

In reading order:

  measures  counts of tokens, words, characters and pieces, shard by shard
  tables    the measures as tables and as values for inspect.json
  plot      the measures as a picture, inspect.png
"""
