"""Deduplication: of captures by URL, of lines between and within pages.

winners          the newest capture of a URL, the kept occurrence of a line: minima over arrays
spans            spans of three sentences, the unit of the paper
sentence_kernel  sentences that are certain, in compiled code
pages            dedupe-lines: the lines of a page that are kept
"""
