"""The corpus on Apache Beam: wires `cleaning` into files, workers and shuffles; decides nothing.

main          beam_runner.py and `c4forge build`
convert       `c4forge convert`: a finished dataset in other formats
status        `c4forge status`: the runs of an output folder
report        `c4forge report`: the page of a run, written again
why           `c4forge why`: what happened to a page in a run
inspect       `c4forge inspect`: documents of finished corpora, found and printed
diff          `c4forge diff`: the documents in which two corpora differ
webtext_urls  `c4forge webtext-urls`: a URL list from Reddit's submissions
fetch_lists   `c4forge fetch-lists`: public lists brought into a folder
tokenize      `c4forge tokenize`: shards of token ids from a corpus
explain       what `why` tells of a page, asked of the functions that decided it
run           a run from its options to its exit code
local         the corpus on the process pool of this machine
corpus        the corpus as a Beam graph, from WET files to shards and report
reporting     the page of a run
tokens        token shards: options, graph, formats
stages        what the stages of a run do, a module each
job           a run's frozen configuration, its digests and the names of its artifacts
sources       where WET files and lists come from
"""
