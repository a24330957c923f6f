"""The vocabulary: SentencePiece models trained on a corpus, and the ids that training reads.

Nothing is here yet: the corpus comes first.
"""
