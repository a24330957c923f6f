"""Parameters under the names of Hugging Face's T5, and back: one table of names, read both ways."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from flax import traverse_util
from safetensors.numpy import load_file, save_file

from runtime.errors import UsageError
from runtime.storage.files import read_bytes, write_bytes
from trainer.data.vocabularies import model_file
from trainer.model.config import NetworkConfig

Params = Mapping[str, Any]
"""A tree of arrays by name, as Flax has it."""


class LayoutError(UsageError):
    """Parameters that do not fit; the message names one, its shape and what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """One parameter under both names.

    Attributes:
      ours: path in the tree, as encoder/layers_0/mlp/wi/kernel.
      theirs: as encoder.block.0.layer.1.DenseReluDense.wi.weight.
      transposed: True if the axes are the other way round: PyTorch has [outputs, inputs].
    """

    ours: str
    theirs: str
    transposed: bool = True


_PROJECTIONS = (("query", "q"), ("key", "k"), ("value", "v"), ("out", "o"))


def names(config: NetworkConfig) -> tuple[Name, ...]:
    """Every parameter of an encoder-decoder.

    Raises:
      LayoutError: Hugging Face's T5 has no such architecture.
    """
    if config.shared_layers or not config.num_encoder_layers:
        raise LayoutError(
            "Hugging Face's T5 has an encoder and a decoder with layers of their own; "
            "only --architecture=encoder_decoder and encoder_decoder_half can be exported"
        )
    found = [
        Name(ours="token_embedder/embedding", theirs="shared.weight", transposed=False),
        *_stack_names(config, "encoder", config.num_encoder_layers),
        *_stack_names(config, "decoder", config.num_decoder_layers),
    ]
    if not config.logits_via_embedding:
        found.append(Name(ours="decoder/logits_dense/kernel", theirs="lm_head.weight"))
    return tuple(found)


def _stack_names(config: NetworkConfig, stack: str, layers: int) -> list[Name]:
    theirs = f"{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
    found = [
        Name(ours=f"{stack}/relpos_bias/rel_embedding", theirs=theirs),
        Name(
            ours=f"{stack}/{stack}_norm/scale",
            theirs=f"{stack}.final_layer_norm.weight",
            transposed=False,
        ),
    ]
    own = "attention" if stack == "encoder" else "self_attention"
    attentions = [(own, f"pre_{own}_layer_norm", "SelfAttention")]
    if stack == "decoder":
        attentions.append(
            ("encoder_decoder_attention", "pre_cross_attention_layer_norm", "EncDecAttention")
        )
    gated = len(config.mlp_activations) > 1
    kernels = ("wi_0", "wi_1", "wo") if gated else ("wi", "wo")
    for i in range(layers):
        ours, block = f"{stack}/layers_{i}", f"{stack}.block.{i}.layer"
        for place, (name, norm, their_name) in enumerate(attentions):
            found += [
                Name(
                    ours=f"{ours}/{name}/{our}/kernel",
                    theirs=f"{block}.{place}.{their_name}.{their}.weight",
                )
                for our, their in _PROJECTIONS
            ]
            found.append(_norm_name(f"{ours}/{norm}", f"{block}.{place}"))
        last = f"{block}.{len(attentions)}"
        found += [
            Name(
                ours=f"{ours}/mlp/{kernel}/kernel", theirs=f"{last}.DenseReluDense.{kernel}.weight"
            )
            for kernel in kernels
        ]
        found.append(_norm_name(f"{ours}/pre_mlp_layer_norm", last))
    return found


def _norm_name(ours: str, theirs: str) -> Name:
    return Name(ours=f"{ours}/scale", theirs=f"{theirs}.layer_norm.weight", transposed=False)


def to_hugging_face(params: Params, config: NetworkConfig) -> dict[str, np.ndarray[Any, Any]]:
    """The parameters under Hugging Face's names, float32."""
    flat = traverse_util.flatten_dict(params, sep="/")
    theirs = {}
    for name in names(config):
        array = np.asarray(flat.pop(name.ours), np.float32)
        theirs[name.theirs] = np.ascontiguousarray(array.T if name.transposed else array)
    if flat:
        raise LayoutError(f"parameters without a place in Hugging Face's T5: {', '.join(flat)}")
    return theirs


def from_hugging_face(arrays: Mapping[str, Any], config: NetworkConfig) -> dict[str, Any]:
    """The tree of parameters from Hugging Face's names.

    Raises:
      LayoutError: one is missing, so that these are of another model.
    """
    flat = {}
    for name in names(config):
        if name.theirs not in arrays:
            raise LayoutError(f"{name.theirs} is missing: expected the parameters of a T5")
        array = np.asarray(arrays[name.theirs], np.float32)
        flat[name.ours] = np.ascontiguousarray(array.T if name.transposed else array)
    tree: dict[str, Any] = traverse_util.unflatten_dict(flat, sep="/")
    return tree


def their_config(config: NetworkConfig) -> dict[str, Any]:
    """config.json of the model."""
    gated = len(config.mlp_activations) > 1
    return {
        "architectures": ["T5ForConditionalGeneration"],
        "model_type": "t5",
        "is_encoder_decoder": True,
        "vocab_size": config.vocab_size,
        "d_model": config.emb_dim,
        "d_kv": config.head_dim,
        "d_ff": config.mlp_dim,
        "num_layers": config.num_encoder_layers,
        "num_decoder_layers": config.num_decoder_layers,
        "num_heads": config.num_heads,
        "relative_attention_num_buckets": 32,
        "relative_attention_max_distance": 128,
        "dropout_rate": config.dropout_rate,
        "layer_norm_epsilon": 1e-6,
        "feed_forward_proj": "gated-gelu" if gated else "relu",
        "tie_word_embeddings": config.logits_via_embedding,
        "pad_token_id": 0,
        "eos_token_id": 1,
        "decoder_start_token_id": 0,
    }


def our_config(theirs: Mapping[str, Any]) -> NetworkConfig:
    """The configuration of a T5 or mT5 from its config.json."""
    forms = {"relu": ("relu",), "gated-gelu": ("gelu", "linear")}
    form = theirs.get("feed_forward_proj", "relu")
    if form not in forms:
        raise LayoutError(f"feed_forward_proj {form!r}: expected {' or '.join(forms)}")
    layers = theirs["num_layers"]
    return NetworkConfig(
        vocab_size=theirs["vocab_size"],
        emb_dim=theirs["d_model"],
        num_heads=theirs["num_heads"],
        num_encoder_layers=layers,
        num_decoder_layers=theirs.get("num_decoder_layers") or layers,
        head_dim=theirs["d_kv"],
        mlp_dim=theirs["d_ff"],
        mlp_activations=forms[form],
        dropout_rate=theirs.get("dropout_rate", 0.1),
        logits_via_embedding=_is_scaled(theirs),
    )


def _is_scaled(theirs: Mapping[str, Any]) -> bool:
    """True if the decoder's outputs are divided by sqrt(d_model) before the logits.

    transformers 4 does so where embeddings are tied; 5 says that in a key of its own and calls
    every T5 tied, but where the parameters differ.
    """
    return bool(theirs.get("scale_decoder_outputs", theirs.get("tie_word_embeddings", True)))


def _set_logits(arrays: dict[str, Any], config: NetworkConfig) -> NetworkConfig:
    """Gives models whose logits are not those of v1.0 a kernel of their own for them."""
    head = arrays.get("lm_head.weight", arrays.get("shared.weight"))
    scaled = config.logits_via_embedding
    if head is None or (scaled and np.array_equal(head, arrays["shared.weight"])):
        return config
    arrays["lm_head.weight"] = head * config.emb_dim**-0.5 if scaled else head
    return replace(config, logits_via_embedding=False)


def write_hugging_face(
    folder: str, params: Params, config: NetworkConfig, vocabulary: str = ""
) -> None:
    """Writes model.safetensors, config.json and the tokenizer of a model that HF loads.

    Args:
      vocabulary: a SentencePiece model file or its folder; "" to write no tokenizer.
    """
    os.makedirs(folder, exist_ok=True)
    arrays = to_hugging_face(params, config)
    path = os.path.join(folder, "model.safetensors")
    try:
        save_file(arrays, path + ".part", metadata={"format": "pt"})
        os.replace(path + ".part", path)
    finally:
        if os.path.exists(path + ".part"):
            os.unlink(path + ".part")
    if vocabulary:
        write_bytes(os.path.join(folder, "spiece.model"), read_bytes(model_file(vocabulary)))
        sentinels = [f"<extra_id_{i}>" for i in range(100)]
        tokenizer = {
            "tokenizer_class": "T5Tokenizer",
            "extra_ids": 100,
            "additional_special_tokens": sentinels,
            "pad_token": "<pad>",
            "eos_token": "</s>",
            "unk_token": "<unk>",
            "legacy": False,
        }
        _write_json(os.path.join(folder, "tokenizer_config.json"), tokenizer)
    _write_json(os.path.join(folder, "config.json"), their_config(config))


def _write_json(path: str, value: object) -> None:
    write_bytes(path, json.dumps(value, indent=2).encode())


def read_hugging_face(folder: str) -> tuple[dict[str, Any], NetworkConfig]:
    """Parameters and configuration of a model folder in Hugging Face's layout, sharded or not.

    Raises:
      LayoutError: the folder holds no T5 in safetensors.
    """
    try:
        with open(os.path.join(folder, "config.json"), encoding="utf-8") as stream:
            theirs = json.load(stream)
    except OSError as error:
        raise LayoutError(f"{folder}: expected a folder with config.json: {error}") from None
    files = [name for name in os.listdir(folder) if re.fullmatch(r"model.*\.safetensors", name)]
    if not files:
        raise LayoutError(
            f"{folder}: expected model.safetensors; where there is pytorch_model.bin only, "
            "transformers' from_pretrained and then save_pretrained write one"
        )
    arrays: dict[str, Any] = {}
    for name in files:
        arrays |= load_file(os.path.join(folder, name))
    config = _set_logits(arrays, our_config(theirs))
    return from_hugging_face(arrays, config), config
