"""What a report tells beside counts, in reading order.

statistics  the documents of a variant by length, date and host
pages       a page that a rule dropped, as it is kept for the report
dropped     the dropped pages of a part, chosen while its documents are finished
merged      the dropped pages of a run, chosen from those of its parts, read again and written
"""
