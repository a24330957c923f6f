"""Bytes of a WET file to pages, in data-path order.

gzip_members  gzip members: their starts, decoding up to damage
inflate       the bytes of a file, damaged members skipped and reported
records       WARC records framed from bytes, or reported malformed with a reason
pages         the page of a record, line by line as the reference reads it
"""
