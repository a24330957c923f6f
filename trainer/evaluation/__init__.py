"""Evaluation of a model by what it predicts: texts, metrics, averages, tables.

In reading order:
  members     what is evaluated: downstream tasks and pairs, all of a split or a part
  scores      predictions of the members on all hosts, their metrics and averages
  predictor   predictions of a batch: generated texts, or the most probable label
  decoder     decodes ids
  likelihood  log-likelihood of given targets
  report      the table of scores in 80 columns, rows of JSON, files of predictions
"""
