"""The decisions of C4: bytes and pages in, decisions out. No Beam, network, clock or chance.

Tables, then what stands on them, in the order in which data pass:

  languages         codes of mC4's languages
  variants          table: which filters a variant's pages pass, in data-path order
  specs             table: which C4, each setting with its value
  rules             table: every rule that drops or keeps something, in data-path order
  counts            counts by rule, of a run or of one variant
  wet               bytes of a WET file to records and pages
  urls              normalized URLs, and the digests that decide about a page
  lowercase         str.lower on UTF-8 bytes
  sentences         Punkt, only as far as a count needs it
  filters           what each filter decides about a page or a text
  dedup             which capture and which occurrence of a line stays
  signatures        arrays that stand for pages and lines in the reductions
  fixes             pages on which a fix of spec `fixed` makes a difference
  captures          a file's records cleaned to pages and signatures
  selection         which captures a variant takes, and the counts up to cleaning
  document_filters  table: filters of finished documents, and the variants that keep one
  webtext           which links of Reddit's submissions WebText takes
"""
