"""Reads and writes T5 models in Hugging Face's layout. One table of names serves both ways."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from flax import traverse_util
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from runtime.errors import UsageError
from runtime.storage.files import read_bytes, temporary_path, write_bytes
from trainer.data.vocabularies import model_file
from trainer.model.config import NetworkConfig

Params = Mapping[str, Any]
"""Nested dicts of arrays, as in Flax."""


class LayoutError(UsageError):
    """A folder or parameters that are not a T5 in Hugging Face's layout."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterName:
    """The names of one parameter.

    Attributes:
      ours: path in our tree, as encoder/layers_0/mlp/wi/kernel.
      theirs: name in Hugging Face's T5, as encoder.block.0.layer.1.DenseReluDense.wi.weight.
      transposed: True if their array has its axes swapped: PyTorch has [outputs, inputs].
    """

    ours: str
    theirs: str
    transposed: bool = True


_PROJECTIONS = (("query", "q"), ("key", "k"), ("value", "v"), ("out", "o"))


def parameter_names(config: NetworkConfig) -> tuple[ParameterName, ...]:
    """Names of all parameters of an encoder-decoder.

    Raises:
      LayoutError: Hugging Face's T5 has no such architecture.
    """
    if config.shared_layers or not config.num_encoder_layers:
        raise LayoutError(
            "Hugging Face's T5 is an encoder-decoder without shared layers: only "
            "--architecture=encoder_decoder and encoder_decoder_half can be exported"
        )
    found = [
        ParameterName(ours="token_embedder/embedding", theirs="shared.weight", transposed=False),
        *_stack_names(config, "encoder", config.num_encoder_layers),
        *_stack_names(config, "decoder", config.num_decoder_layers),
    ]
    if not config.logits_via_embedding:
        found.append(ParameterName(ours="decoder/logits_dense/kernel", theirs="lm_head.weight"))
    return tuple(found)


def _stack_names(config: NetworkConfig, stack: str, layers: int) -> list[ParameterName]:
    theirs = f"{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
    found = [
        ParameterName(ours=f"{stack}/relpos_bias/rel_embedding", theirs=theirs),
        ParameterName(
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
        for position, (name, norm, their_name) in enumerate(attentions):
            found += [
                ParameterName(
                    ours=f"{ours}/{name}/{our}/kernel",
                    theirs=f"{block}.{position}.{their_name}.{their}.weight",
                )
                for our, their in _PROJECTIONS
            ]
            found.append(_norm_name(f"{ours}/{norm}", f"{block}.{position}"))
        last = f"{block}.{len(attentions)}"
        found += [
            ParameterName(
                ours=f"{ours}/mlp/{kernel}/kernel", theirs=f"{last}.DenseReluDense.{kernel}.weight"
            )
            for kernel in kernels
        ]
        found.append(_norm_name(f"{ours}/pre_mlp_layer_norm", last))
    return found


def _norm_name(ours: str, theirs: str) -> ParameterName:
    return ParameterName(
        ours=f"{ours}/scale", theirs=f"{theirs}.layer_norm.weight", transposed=False
    )


def to_hugging_face(params: Params, config: NetworkConfig) -> dict[str, np.ndarray[Any, Any]]:
    """The parameters by Hugging Face's names, as float32."""
    flat = traverse_util.flatten_dict(params, sep="/")
    theirs = {}
    for name in parameter_names(config):
        array = np.asarray(flat.pop(name.ours), np.float32)
        theirs[name.theirs] = np.ascontiguousarray(array.T if name.transposed else array)
    if flat:
        raise LayoutError(f"Hugging Face's T5 has no such parameters: {', '.join(flat)}")
    return theirs


def from_hugging_face(arrays: Mapping[str, Any], config: NetworkConfig) -> dict[str, Any]:
    """The tree of parameters, from arrays by Hugging Face's names.

    Raises:
      LayoutError: a parameter is missing, so that these are of another model.
    """
    flat = {}
    layers = config.num_encoder_layers + config.num_decoder_layers
    if layers > len(arrays):  # before a name is made for each
        raise LayoutError(f"num_layers: {layers:,} in all, but there are {len(arrays):,} arrays")
    for name in parameter_names(config):
        if name.theirs not in arrays:
            raise LayoutError(f"expected the parameters of a T5, but {name.theirs} is missing")
        array = np.asarray(arrays[name.theirs], np.float32)
        flat[name.ours] = np.ascontiguousarray(array.T if name.transposed else array)
    tree: dict[str, Any] = traverse_util.unflatten_dict(flat, sep="/")
    return tree


_FIXED: dict[str, float] = {
    "relative_attention_num_buckets": 32,
    "relative_attention_max_distance": 128,
    "layer_norm_epsilon": 1e-6,
}
"""Of every network of ours; others have no place in `NetworkConfig`."""


def to_hf_config(config: NetworkConfig) -> dict[str, Any]:
    """The content of config.json."""
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
        **_FIXED,
        "dropout_rate": config.dropout_rate,
        "feed_forward_proj": "gated-gelu" if gated else "relu",
        "tie_word_embeddings": config.logits_via_embedding,
        "pad_token_id": 0,
        "eos_token_id": 1,
        "decoder_start_token_id": 0,
    }


def from_hf_config(theirs: Mapping[str, Any]) -> NetworkConfig:
    """The configuration of a T5 or mT5 from the content of its config.json.

    Raises:
      LayoutError: a dimension is missing or no positive number, or it has another feed-forward
        layer than T5 and mT5.
    """
    activations = {"relu": ("relu",), "gated-gelu": ("gelu", "linear")}
    given = theirs.get("feed_forward_proj", "relu")
    if not isinstance(given, str) or given not in activations:
        raise LayoutError(f"feed_forward_proj={given!r}: expected {' or '.join(activations)}")
    for name, ours in _FIXED.items():
        if theirs.get(name, ours) != ours:
            raise LayoutError(
                f"{name}={theirs[name]!r}: expected {ours}, as every T5 and mT5 has it"
            )
    layers = _dimension(theirs, "num_layers")
    decoder = "num_decoder_layers" if theirs.get("num_decoder_layers") else "num_layers"
    return NetworkConfig(
        vocab_size=_dimension(theirs, "vocab_size"),
        emb_dim=_dimension(theirs, "d_model"),
        num_heads=_dimension(theirs, "num_heads"),
        num_encoder_layers=layers,
        num_decoder_layers=_dimension(theirs, decoder),
        head_dim=_dimension(theirs, "d_kv"),
        mlp_dim=_dimension(theirs, "d_ff"),
        mlp_activations=activations[given],
        dropout_rate=theirs.get("dropout_rate", 0.1),
        logits_via_embedding=_scales_logits(theirs),
    )


def _dimension(theirs: Mapping[str, Any], name: str) -> int:
    value = theirs.get(name)
    if type(value) is not int or not 0 < value < _MOST:
        raise LayoutError(f"{name}={value!r}: expected a number of 1 to {_MOST - 1:,}"[:_SHOWN])
    return value


def _scales_logits(theirs: Mapping[str, Any]) -> bool:
    """True if the decoder's outputs are divided by sqrt(d_model) before the logits.

    transformers 4 does so if embeddings are tied. Version 5 has a key for it, and calls every T5
    tied, even if the parameters differ.
    """
    return bool(theirs.get("scale_decoder_outputs", theirs.get("tie_word_embeddings", True)))


def _own_logits(arrays: dict[str, Any], config: NetworkConfig) -> NetworkConfig:
    """Adds a kernel for the logits unless they are as in v1.0; returns the new configuration."""
    head = arrays.get("lm_head.weight", arrays.get("shared.weight"))
    scaled = config.logits_via_embedding
    if head is None or (scaled and np.array_equal(head, arrays["shared.weight"])):
        return config
    arrays["lm_head.weight"] = head * config.emb_dim**-0.5 if scaled else head
    return replace(config, logits_via_embedding=False)


_MOST = 1 << 31  # of a dimension
_SHOWN = 200  # characters of a message
MODEL_FILES = ("model.safetensors", "config.json", "generation_config.json",
               "tokenizer_config.json", "spiece.model")  # fmt: skip
"""What `write_hugging_face` writes."""


def write_hugging_face(
    folder: str, params: Params, config: NetworkConfig, vocabulary: str = "", targets: int = 0
) -> None:
    """Writes model.safetensors, config.json and the tokenizer for transformers.

    Args:
      vocabulary: a SentencePiece model file or its folder; "" for no tokenizer.
      targets: ids that `generate` makes at most, EOS included; 0: as transformers has it.
    """
    os.makedirs(folder, exist_ok=True)
    arrays = to_hugging_face(params, config)
    with temporary_path(os.path.join(folder, "model.safetensors")) as path:
        save_file(arrays, path, metadata={"format": "pt"})
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
    special = {"pad_token_id": 0, "eos_token_id": 1, "decoder_start_token_id": 0}
    generation = special | ({"max_new_tokens": targets} if targets else {})
    _write_json(os.path.join(folder, "generation_config.json"), generation)
    _write_json(os.path.join(folder, "config.json"), to_hf_config(config))


def _write_json(path: str, value: object) -> None:
    write_bytes(path, json.dumps(value, indent=2).encode())


def read_hugging_face(folder: str) -> tuple[dict[str, Any], NetworkConfig]:
    """Parameters and configuration of a model folder in Hugging Face's layout, in one file or more.

    Raises:
      LayoutError: the folder has no T5 in safetensors, or a file that is damaged.
    """
    theirs = _read_config(folder)
    files = [name for name in os.listdir(folder) if re.fullmatch(r"model.*\.safetensors", name)]
    if not files:
        raise LayoutError(
            f"{folder}: expected model.safetensors; if there is only pytorch_model.bin, load it "
            "with from_pretrained of transformers, and save_pretrained writes safetensors"
        )
    try:
        config = from_hf_config(theirs)
        arrays: dict[str, Any] = {}
        for name in files:
            arrays |= read_arrays(os.path.join(folder, name))
        config = _own_logits(arrays, config)
        return from_hugging_face(arrays, config), config
    except LayoutError as error:
        raise LayoutError(f"{folder}: {error}") from None


def _read_config(folder: str) -> dict[str, Any]:
    try:
        with open(os.path.join(folder, "config.json"), encoding="utf-8") as stream:
            theirs = json.load(stream)
    except OSError as error:
        raise LayoutError(f"{folder}: expected a model folder with config.json: {error}") from None
    except (ValueError, RecursionError):
        theirs = None
    if not isinstance(theirs, dict):
        raise LayoutError(f"{folder}/config.json: expected a JSON object")
    return theirs


def read_arrays(path: str) -> dict[str, Any]:
    """The arrays of a file of safetensors.

    Raises:
      LayoutError: it is damaged, or has arrays that NumPy has not.
    """
    try:
        return dict(load_file(path))
    except (SafetensorError, OSError, ValueError, TypeError, KeyError) as error:
        raise LayoutError(f"{path}: cannot be read: {error}; copy it again") from None
