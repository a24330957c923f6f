"""The stages of a run, each in a module of its own, with its row beside its functions.

blocks      signature rows between stages: dtypes, buckets, spill files
tasks       a stage, and how one of its tasks runs
table       table: the stages in data-path order
transform   a stage as a PTransform, in the local pool or on a distributed runner
models      lists, models and filters as workers load them, once a process
preload     imported by the fork server: workers start with models loaded
webtext     URL lists to digests
clean       part of a WET file to pages and signatures
newest      bucket of URLs: captures that are outdated, captures that are listed
lines       lines of the newest pages, each distinct one sent once a part
duplicates  bucket of lines: those that another page keeps
reported    what a report tells beside counts: statistics, dropped pages
finish      documents of a part
shards      one output shard
malformed   damaged records and missing files: listed, counted, bounded
publish     shards become a dataset under its name, counts become report.json
"""
