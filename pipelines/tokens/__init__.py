"""Token shards of a corpus: the ids of its documents, for readers that do not tokenize themselves.

In reading order:

  options  the command line of the tokenization
  formats  the table of formats of token shards
  job      the frozen configuration, and the paths of all that is written
  shards   one shard of documents to one shard of ids, on one worker
  publish  the last step: receipts to metadata, the dataset under its name
  local    tokenization in this machine's process pool
  graph    the Beam graph: list, tokenize, sum, publish
"""
