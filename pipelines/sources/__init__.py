"""Inputs of a run and where they come from, in reading order.

wet_files     --input: WET files found and cut into parts
commoncrawl   --crawl: names of crawls, and the lists of their files
mirrors       --commoncrawl_url: the host, bucket or folder that holds a crawl's files
cache         --keep_wet: downloads cached in a folder, with their length and digest
reader        the bytes of a part, local or downloaded
records       records of a WET file read again, at their places
public_lists  bad words and RealNews domains, pinned by checksum
list_origins  where the lists of a run come from, for cards
url_lists     --webtext_urls: URL lists found and read as digests
"""
