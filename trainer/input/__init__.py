"""What a run reads: batches of its data, their lengths, and how far it is.

In reading order:
  batches   batches of a split, with a position that can be saved
  lengths   lengths that follow from the data, and what is cut at them
  position  which data a run reads, and how far it is
"""
