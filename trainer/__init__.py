"""The trainer: seqio tasks, the T5 network and its loop.

Nothing is here yet: the corpus comes first.
"""
