"""Files, arrays and locks, on disk and in object stores, in reading order.

files        files and folders on any filesystem; a written file is complete or absent
remote       what is asked of a filesystem that is not this machine's
objects      the files of object stores: no folders, no renaming
stores       connections to object stores: the environment, retries, errors
beam_files   the files of Beam's other filesystems
globs        globs as regular expressions
matching     the files that the values of options name: files, folders, globs
kinds        what a file is, by its first bytes
compression  gzip, xz, bzip2 and Zstandard, found by their first bytes
texts        small files of text that people write, as they come
checked      files that know their damage: length and checksums follow their content
digested     files of other formats, whose length and checksum are kept elsewhere
arrays       NumPy and Arrow arrays in files, without pandas
space        a full disk: its folder, its free bytes, the bytes that are needed
locks        locks between processes: one run a work folder, so many downloads a machine
"""
