"""What files hold, in reading order.

kinds        what a file is, by its first bytes
compression  gzip, xz, bzip2 and Zstandard, found by their first bytes
texts        small files of text that people write, as they come
"""
