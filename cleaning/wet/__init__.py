"""Bytes of a WET file to pages, in data-path order.

chunks        the bytes that are passed on: chunks, and gaps where a file is damaged
gzip_members  gzip members: their starts, decoding up to damage
frames        frames of zstd and streams of bzip2, read on after damage
inflate       the bytes of a file, damaged members skipped and reported
records       WARC records framed from bytes, or reported malformed with a reason
pages         the page of a record, line by line as the reference reads it
"""
