"""Files over HTTP(S), in reading order. Everything that the project fetches goes through `stream`.

urls        URLs checked, joined, and shown without secrets
responses   the meaning of a status and its headers (RFC 9110)
retry       backoff: the waits between attempts
transfers   the tree of download errors, and the log line of each file
client      one request at a time: timeouts, proxies, redirects, stalls
stream      a file as a stream, resumed after drops: every byte once and in order, or an error
"""
