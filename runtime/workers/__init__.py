"""Processes that do the work, in reading order.

pool      the local process pool: preloaded workers that end with their parent
runners   the table of Beam runners, and a pipeline on one of them
parallel  a function mapped over tasks on Beam: in the pool, or on the runner's workers
"""
