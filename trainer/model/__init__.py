"""The T5 network in Flax linen.

In reading order:
  sizes      tables: versions, architectures, published sizes
  config     layers and dimensions of a network
  masks      which key each query attends to
  layers     attention, feed-forward, norm, embedding
  network    encoder-decoder and decoder-only
  beams      beam search with any step of a decoder
  decoding   greedy, sampling, beam search
"""
