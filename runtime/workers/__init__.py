"""Processes that do the work, in reading order.

temporaries   the temporary folder of a command and its processes
processes     how worker processes start and end
pool          the local process pool: preloaded workers that end with their parent
beam_options  the names of Beam's options, so that a misspelt one is reported without Beam
runners       the table of Beam runners, and a pipeline on one of them
parallel      a function mapped over tasks on Beam: in the pool, or on the runner's workers
"""
