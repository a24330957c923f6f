"""C4 from Common Crawl: exactly the reference's documents, tens of times faster.

main        the console script `c4forge`: a table of commands
  t5x         the console script `t5x`
"""
