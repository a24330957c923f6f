"""From corpus files to training examples, as seqio tasks.

In reading order:
  corpora        finds the shards of a corpus, or files of pairs
  pairs          reads, checks and measures files of pairs
  vocabularies   loads a SentencePiece model with its sentinels
  objectives     table: how a text becomes inputs and targets; their lengths
  corruption     tables of functions: noise masks, inputs, targets
  examples       preprocessors from tokenized documents to examples
  mixtures       table: at which rates tasks are mixed
  tasks          registers tasks and mixtures with seqio
"""
