"""Bytes of a WET file to pages, in the order in which they pass.

gzip_members  gzip members: where they start, how far they decode
inflate       the bytes of a file, damaged members skipped and reported
records       WARC records framed from bytes, or reported malformed with a reason
pages         the page of a record, line by line as the reference reads it
"""
