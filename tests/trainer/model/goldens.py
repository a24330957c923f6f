"""Logits of transformers' T5, kept so that tests need no torch.

python -m tests.trainer.model.goldens      writes them anew; needs torch and transformers
"""

import functools
import hashlib
import json
import tempfile
from pathlib import Path

import jax
import numpy as np
from flax import traverse_util

from trainer.compat.hugging_face import write_hugging_face
from trainer.model.config import NetworkConfig
from trainer.model.network import Transformer

FILE = Path(__file__).with_name("goldens.json")
VERSIONS = {
    "v1.0": {"mlp_activations": ("relu",), "logits_via_embedding": True},
    "v1.1": {"mlp_activations": ("gelu", "linear"), "logits_via_embedding": False},
}
_ROWS, _INPUTS, _TARGETS = 2, 150, 140  # beyond 128: distances that share the last bucket


def network_config(version: str) -> NetworkConfig:
    return NetworkConfig(
        vocab_size=96, emb_dim=32, num_heads=4, num_encoder_layers=2, num_decoder_layers=3,
        head_dim=8, mlp_dim=48, dropout_rate=0.0, **VERSIONS[version],
    )  # fmt: skip


def _draw(name: str, shape: tuple[int, ...]) -> np.ndarray:
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    return np.random.default_rng(seed).standard_normal(shape, np.float32)


def batch() -> tuple[np.ndarray, np.ndarray]:
    """Inputs, the first of which are padded, and what the decoder is given."""
    uniform = [_draw(name, (_ROWS, length)) for name, length in
               (("inputs", _INPUTS), ("targets", _TARGETS))]  # fmt: skip
    inputs, targets = ((3 + np.abs(x * 1000).astype(np.int64) % 93) for x in uniform)
    inputs[0, -20:] = 0
    targets[:, 0] = 0
    return inputs, targets


def params(config: NetworkConfig) -> dict:
    """Parameters drawn by their names, of the size that training begins with."""
    ids = [np.ones((1, 2), np.int32)] * 3
    init = functools.partial(Transformer(config).init, enable_dropout=False)
    shapes = jax.eval_shape(init, {"params": jax.random.key(0)}, *ids)["params"]
    flat = traverse_util.flatten_dict(shapes, sep="/")
    drawn = {}
    for name, leaf in flat.items():
        values = _draw(name, leaf.shape)
        drawn[name] = 1 + 0.1 * values if name.endswith("scale") else values / leaf.shape[0] ** 0.5
    return traverse_util.unflatten_dict(drawn, sep="/")


def chosen(logits: np.ndarray) -> list[float]:
    """Some of float32[2, 140, 96]."""
    return [float(x) for x in np.asarray(logits)[:, ::23, ::19].reshape(-1)]


def main() -> None:
    import torch
    import transformers

    found = {"transformers": transformers.__version__, "torch": torch.__version__}
    inputs, targets = batch()
    for version in VERSIONS:
        config = network_config(version)
        with tempfile.TemporaryDirectory() as folder:
            write_hugging_face(folder, params(config), config)
            model = transformers.T5ForConditionalGeneration.from_pretrained(folder).eval()
        with torch.no_grad():
            logits = model(
                input_ids=torch.tensor(inputs),
                attention_mask=torch.tensor(inputs > 0),
                decoder_input_ids=torch.tensor(targets),
            ).logits
        found[version] = chosen(logits.numpy())
    FILE.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
