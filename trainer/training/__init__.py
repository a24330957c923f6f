"""The training loop and its parts.

In reading order:
  loop          runs the steps, evaluates, writes checkpoints
  run_folder    configuration and vocabulary, kept in the folder of a run
  run           sets up network, jitted functions and initial state
  step          loss, gradients and update: pure functions
  optimizer     Adafactor, and its state in t5x's layout
  partitioning  the mesh of devices; sharding of batches and state
  checkpoints   reads and writes t5x's layout through Orbax
  shapes        compares stored parameters with those of the network
  best          keeps the checkpoint with the best score; early stopping
  termination   SIGTERM ends a step, not in one
  divergence    stops at losses that are not finite or have a spike
  evaluation    loss on a held-out split
  memory        memory of a step by its parts
  flops         operations of a step, peak of the devices
  progress      live line, TensorBoard events, loss curve
"""
