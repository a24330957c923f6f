"""The decisions of C4: bytes and pages in, decisions out. No Beam, network, clock or chance.

Tables first, then the modules that use them, in data-path order:

  languages         codes of mC4's languages
  variants          table: which filters a variant's pages pass, in data-path order
  specs             table: which C4, each setting with its value
  rules             table: every rule that drops or keeps something, in data-path order
  counts            counts by rule, of a run or of one variant
  wet               bytes of a WET file to records and pages
  urls              normalized URLs and their digests
  patterns          RE2 patterns that write nothing to the terminal
  lowercase         str.lower on UTF-8 bytes
  sentences         Punkt's sentences, counted up to a given number
  filters           the decision of each filter about a page or a text
  dedup             the newest capture of a URL, the kept occurrence of a line
  signatures        arrays that represent pages and lines where pages are compared
  fixes             pages on which a fix of spec `fixed` makes a difference
  captures          a file's records cleaned to pages and signatures
  batches           the same for many records at once, as arrays
  selection         the captures that a variant takes, and its counts up to cleaning
  document_filters  table: filters of finished documents, and the variants that keep one
  webtext           the links of Reddit's submissions that WebText takes
"""
