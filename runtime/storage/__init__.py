"""Files, arrays and locks on disk, in reading order.

files        files and folders on any filesystem, globs; a written file is complete or absent
compression  gzip, xz, bzip2 and Zstandard, found by their first bytes
arrays       NumPy and Arrow arrays in files, without pandas
locks        locks between processes: one run a work folder, so many downloads a machine
"""
