"""The trainer: seqio tasks, the T5 network, its loop, and ways in and out.

Data, in the order in which they flow:
  corpora         what there is in a folder or file
  vocabularies    a SentencePiece model as seqio reads it
  objectives      table: what is read, what is written; lengths
  corruption      the functions of the objectives' axes
  texts           from tokenized documents to examples
  mixtures        table: rates of tasks
  tasks           all of these as seqio tasks by name
  batches         what a host feeds to the step

Network:
  sizes           tables: sizes, versions, architectures
  configuration   what a network is made of
  masks, layers   its parts
  network         encoder-decoder and decoders alone
  decoding        greedy, sampling, beams

Loop:
  config          TrainConfig
  optimizer       Adafactor of optax's parts, in t5x's layout
  step            one update, a pure function
  meshes          devices and which of them holds what
  checkpoints     t5x's layout through Orbax
  run             network, steps and devices made ready
  evaluation      loss on what was held out, and unigram entropy
  flops, progress what a person sees
  loop            all of these in turn

Ways in and out:
  arguments, main the command line `t5x`
  gin             the same run in t5x's own loop
  inference       targets of texts, scores of pairs
  hugging_face    parameters for transformers, and from it
  published       checkpoints as T5 and mT5 were published
"""
