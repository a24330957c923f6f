"""The corpus on Apache Beam: wires `cleaning` into files, workers and shuffles; decides nothing.

In the order in which a run passes through them:

  options    the command line, checked before any work
  inputs     which WET files a run reads
  crawls     Common Crawl's crawls: names, lists of files, repeatable choices among them
  mirrors    where their files come from; kept: a folder of what was downloaded
  download   a file over HTTP(S): begun, resumed, whole or an error (addresses, answers, backoff,
             connections, slots and transfers are its parts)
  job        a run's frozen configuration, its digest and the names of its artifacts
  corpus     the table of contents: the Beam graph from WET files to shards and report
  stages     how a stage runs: in this machine's process pool, or on a distributed runner
  exchange   signature arrays between stages: spilled to files, or shuffled by Beam
  clean, newest, spans, finish, shards, publish
             what one worker does with one file, bucket or shard (no Beam in these)
  formats    TFRecord, JSONL and Parquet writers
  report     counts and progress for people

`c4forge tokenize` makes token shards of a corpus: token_options, token_job, token_graph
(the table of contents), token_shards (what one worker does with one shard), token_formats,
token_publish.

Files, runners and the process pool are those of `vocab`, which the trainer shares.
"""
