"""A run, from its options to its exit code.

prices    table: prices of a run's resources
options   options of `build`, each a field
plan      a run before it starts: files, lists, job
finished  datasets of a run that are there already, and their report
conversion  other formats of a finished dataset, made from it
execute   a plan run on its runner, and how it ended
progress  progress of a run, weighted by stage; its summary table
state     run.json, from which `status` reads
estimate  --estimate: the cost of a run from a few of its files
"""
