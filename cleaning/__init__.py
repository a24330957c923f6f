"""The C4 decisions: bytes and pages in, decisions out. No Beam, no network, no clock, no chance.

In the order in which data pass:

  inflate    gzip members of a WET file, damaged ones stepped over
  records    WARC records framed from bytes; what is malformed, and why
  pages      the pages of a record, line by line as the reference reads them
  urls       normalized URLs and the digests that decide a page's fate
  lines      lines of a batch of pages that can survive cleaning, found by their last byte
  clean      the line and page rules (`clean_page`)
  sentences  Punkt, only as far as a count needs it
  newest     which capture of each URL is kept (arrays)
  spans      which page keeps each line (arrays)
  documents  what is left of a page after deduplication
  language   language identifiers
  badwords   lists and matchers of bad words

Tables: `rules` (every rule, in data-path order), `variants`, `specs`.
"""
