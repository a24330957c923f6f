"""Models in the layouts of other libraries.

In reading order:
  hugging_face   reads and writes T5 for transformers
  published      reads T5, T5 1.1 and mT5 as published
"""
