"""Downstream tasks: GLUE, SuperGLUE, summaries, translation, questions, own tasks; their scores.

In reading order:
  loading       a task with its data, by name or from a TOML file
  table         table of all tasks by name; summaries, translation, questions
  glue          rows of GLUE and SuperGLUE
  multilingual  rows of the multilingual tasks, one for each language
  groups        table of groups: averages as in the papers, rates of their mixtures
  task          what a row and a task with its data are
  forms         examples of data sets as texts: labels, summaries, translations, entities
  questions     the same for questions, with and without a context
  pronouns      the same for Winograd schemas
  outcomes      texts as the values that metrics compare
  metrics       table of metrics
  answers       exact match and F1 of answers, and their normalization
  sources       reads examples from folders of TFDS, of Hugging Face, and of lines
  own_tasks     tasks from a TOML file
  seqio_tasks   tasks and mixtures in seqio's registry
"""
