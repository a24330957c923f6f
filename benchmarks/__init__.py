"""Benchmarks: commands that print figures, never tests.

In reading order:

  commands  whole commands as benchmarks measure them, and the WET files that they read
  measure   a command in a process of its own: CPU, wall time, memory
  corpus    the reference and c4forge on the same WET files (make bench)
  variants  the part of `corpus` on several variants in one pass
  scale     the cost of a crawl to one worker, on synthetic signatures
  layouts   the part of `scale` on ways to keep blocks in files
  fidelity  documents by variant and spec, and the effect of each setting
  peers     the C4 filters of datatrove and dolma beside C4
  durability  the part of checksums and syncs in a run (make bench-checks)
  vocab     vocabularies and tokens beside plain SentencePiece (make bench-vocab)
  training  a training step and the input pipeline (make bench-train)
"""
