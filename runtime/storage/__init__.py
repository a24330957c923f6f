"""Files, arrays and locks, on disk and in object stores, in reading order.

names        names of files: globs as regular expressions, names that only c4forge gives
files        files and folders on any filesystem; a written file is complete or absent
positions    readers with a position, as those of objects and of checked files
remote       what is asked of a filesystem that is not this machine's
objects      the files of object stores: no folders, no renaming
stores       connections to object stores: the environment, retries, errors
beam_files   the files of Beam's other filesystems
content      what files hold: their kind, compression, text
matching     the files that the values of options name: files, folders, globs
checked      files that know their damage: length and checksums follow their content
digested     files of other formats, whose length and checksum are kept elsewhere
arrays       NumPy and Arrow arrays in files, without pandas
space        a full disk: its folder, its free bytes, the bytes that are needed
ownership    what c4forge made in a folder of the user: nothing else is replaced or removed
locks        locks between processes: one run a work folder, so many downloads a machine
"""
