"""What a run reads: batches of its data, their lengths, and how far it is.

In reading order:
  batches     batches of a split, with a position that can be saved
  downstream  the downstream tasks of a run, their rates and lengths
  lengths     lengths that follow from the data, and what is cut at them
  position    which data a run reads, and how far it is
"""
