"""Models in other layouts: those of other libraries, and adapters alone.

In reading order:
  hugging_face   reads and writes T5 for transformers
  adapters       reads and writes adapters and norms without the model that they are for
  published      reads T5, T5 1.1 and mT5 as published
"""
