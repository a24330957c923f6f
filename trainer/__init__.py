"""T5 on the corpus.

In the order in which data pass:

  corpora       corpus folders found and checked
  vocabularies  SentencePiece models as T5 reads them
  objectives    the study's objectives: rows over independent axes, derived lengths
  corruption    masks of tokens, and what stands for what is masked
  texts         examples of an objective from the texts of a corpus
  tasks         seqio tasks by name
  mixtures      rates of tasks in a mixture

The network and the loop are still to come.
"""
