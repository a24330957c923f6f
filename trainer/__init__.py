"""The trainer: tasks of a corpus, the T5 network, its training loop, other layouts, the command.

In reading order:
  main              the console script `t5x`
  arguments         its command line
  run_options       options that are not given: those of the run or model in a folder
  config            the configuration of a run: one dataclass, every field an option
  strategies        tables: which parameters are updated, and at which rate
  task_options      the options of downstream tasks
  decoding_options  the options of decoding
  data              corpora, vocabularies and objectives as seqio tasks
  model             the network: sizes, layers, decoding
  downstream        tasks to transfer to: their texts, metrics, averages, and own tasks
  input             batches of the data, their lengths, the position in it
  training          the loop: step, checkpoints, evaluation
  evaluation        predictions of tasks and pairs, their scores and tables
  gin               the configuration as a gin file for t5x's own loop
  inference         targets for lines of text
  scoring           loss, metrics and predictions on a split of each corpus and task
  export            the model of a run in another layout
  compat            reads and writes those layouts
"""
