"""The C4 decisions: bytes and pages in, decisions out. No Beam, no network, no clock, no chance.

In the order in which data pass:

  members    gzip members: where they start, how far they decode
  inflate    the bytes of a WET file, damaged ones stepped over
  records    WARC records framed from bytes; what is malformed, and why
  pages      the pages of a record, line by line as the reference reads them
  urls       normalized URLs and the digests that decide a page's outcome
  domains    which hosts realnewslike takes
  paragraphs which whole pages multilingual takes
  clean      the line and page rules (`clean_page`)
  lines      the same for many pages at once, where nothing is odd about them
  lowering   lower case by bytes
  switches   the pages on which a mended defect makes a difference
  captures   the pages of a file, cleaned and reduced to signatures
  sentences  Punkt, only as far as a count needs it
  spans      three sentences, which the paper compares where the reference compares lines
  priorities  which capture of each URL, which occurrence of each line stays (arrays)
  documents  what is left of a page after deduplication
  language   language identifiers
  badwords   lists and matchers of bad words

`fasttext_model` tells whether a model given for `language` is whole.

Tables: `languages`, `rules` (every rule, in data-path order), `variants`, `specs`.
"""
