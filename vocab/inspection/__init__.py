"""Measures of a vocabulary on a corpus.

measures  counts of tokens, words, characters and pieces, shard by shard
tables    the measures as tables and as values for inspect.json
plot      the measures as a picture, inspect.png
"""
