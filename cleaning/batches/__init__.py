"""The captures of many records at once, as arrays; `cleaning.captures` is the definition.

record_kernel  headers, URLs and UTF-8 of ordinary records, in compiled code
arrays         the captures of a batch as arrays
captures       batches of records to arrays: ordinary records at once, the others one by one
"""
