"""The sample that a vocabulary learns from, drawn from corpora by hash.

In reading order:

  mixtures   the languages of a sample: which, and how much of each
  sample     documents drawn by a hash of their URL
  plan       the quota of each language, and a task for each shard
  local      drawing a sample in this machine's process pool
  graph      drawing a sample as a Beam graph
  sentences  the sentences that SentencePiece learns from
"""
