"""The network against transformers' and t5x's, with the same random weights."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

pytest.importorskip("flax", reason="needs the trainer's packages: pip install -e '.[trainer]'")

from trainer.compat.hugging_face import read_hugging_face, write_hugging_face
from trainer.model.config import NetworkConfig
from trainer.model.network import LanguageModel, Transformer

_CONFIGS = {
    "v1.0": {"mlp_activations": ("relu",), "logits_via_embedding": True},
    "v1.1": {"mlp_activations": ("gelu", "linear"), "logits_via_embedding": False},
}


def network_config(version):
    return NetworkConfig(
        vocab_size=96, emb_dim=32, num_heads=4, num_encoder_layers=2, num_decoder_layers=3,
        head_dim=8, mlp_dim=48, dropout_rate=0.0, **_CONFIGS[version],
    )  # fmt: skip


def batch():
    rng = np.random.default_rng(0)
    inputs, targets = rng.integers(3, 96, (2, 150)), rng.integers(3, 96, (2, 140))
    inputs[0, -20:] = 0
    return inputs, np.pad(targets[:, :-1], ((0, 0), (1, 0))), targets


def random_params(config):
    """Initial parameters, norms' scales moved away from 1."""
    network = Transformer(config)
    tree = jax.jit(functools.partial(network.init, enable_dropout=False))(
        {"params": jax.random.key(0)}, *(jnp.array(part) for part in batch())
    )["params"]
    rng = np.random.default_rng(1)
    return jax.tree.map(lambda p: np.asarray(p) + 0.05 * rng.normal(size=p.shape), tree)


def logits(network, params):
    apply = functools.partial(network.apply, enable_dropout=False)
    return np.asarray(jax.jit(apply)({"params": params}, *batch()))


@pytest.mark.parametrize("version", _CONFIGS)
def test_logits_are_those_of_transformers_after_export(version, tmp_path, small_vocabulary):
    torch = pytest.importorskip("torch", reason="needs torch: pip install torch")
    transformers = pytest.importorskip("transformers")
    config = network_config(version)
    params = random_params(config)
    write_hugging_face(str(tmp_path), params, config, small_vocabulary)
    model = transformers.T5ForConditionalGeneration.from_pretrained(tmp_path).eval()
    inputs, shifted, _ = batch()
    with torch.no_grad():
        theirs = model(
            input_ids=torch.tensor(inputs),
            attention_mask=torch.tensor(inputs > 0),
            decoder_input_ids=torch.tensor(shifted),
        ).logits.numpy()
    np.testing.assert_allclose(logits(Transformer(config), params), theirs, atol=1e-4)
    back, same = read_hugging_face(str(tmp_path))
    assert same == config
    jax.tree.map(np.testing.assert_array_equal, back, jax.tree.map(np.float32, params))


def test_the_exported_tokenizer_gives_seqios_ids(tmp_path, small_vocabulary):
    pytest.importorskip("torch", reason="needs torch: pip install torch")
    transformers = pytest.importorskip("transformers")
    from trainer.data.vocabularies import load_vocabulary

    config = network_config("v1.1")
    write_hugging_face(str(tmp_path), random_params(config), config, small_vocabulary)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path)
    vocabulary = load_vocabulary(small_vocabulary)
    text = "the cat sat on a warm stone"
    assert tokenizer(text).input_ids == [*vocabulary.encode(text), 1]
    assert tokenizer.convert_tokens_to_ids("<extra_id_0>") == vocabulary.vocab_size - 1


def shapes(tree):
    return jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), tree)


@pytest.mark.parametrize("version", _CONFIGS)
def test_names_shapes_and_logits_are_those_of_t5x(version):
    network = pytest.importorskip("t5x.examples.t5.network", reason="needs t5x from source")
    config = network_config(version)
    fields = {name: getattr(config, name) for name in network.T5Config.__dataclass_fields__
              if hasattr(config, name)}  # fmt: skip
    theirs = network.Transformer(network.T5Config(**fields))
    variables = jax.jit(functools.partial(theirs.init, enable_dropout=False))(
        {"params": jax.random.key(0)}, *(jnp.array(part) for part in batch())
    )
    ours = jax.jit(functools.partial(Transformer(config).init, enable_dropout=False))(
        {"params": jax.random.key(0)}, *(jnp.array(part) for part in batch())
    )
    assert shapes(ours["params"]) == shapes(variables["params"])
    assert ours["params_axes"] == variables["params_axes"]
    params = random_params(config)
    np.testing.assert_allclose(
        logits(Transformer(config), params), logits(theirs, params), atol=2e-5
    )


@pytest.mark.parametrize("prefix", [False, True])
@pytest.mark.parametrize("version", _CONFIGS)
def test_a_decoder_alone_is_that_of_t5x(version, prefix):
    network = pytest.importorskip(
        "t5x.examples.decoder_only.network", reason="needs t5x from source"
    )
    config = dataclasses.replace(network_config(version), num_encoder_layers=0)
    fields = {name: getattr(config, name) for name in network.TransformerConfig.__dataclass_fields__
              if hasattr(config, name)}  # fmt: skip
    theirs = network.DecoderWrapper(
        network.TransformerConfig(**fields, num_layers=config.num_decoder_layers)
    )
    _, shifted, targets = batch()
    seen = np.broadcast_to(np.arange(targets.shape[1]) < 50, targets.shape).astype(np.int32)
    given = {"decoder_causal_attention": seen} if prefix else {}
    ours, other = (
        jax.jit(functools.partial(module.init, enable_dropout=False))(
            {"params": jax.random.key(0)}, shifted, targets
        )
        for module in (LanguageModel(config), theirs)
    )
    assert shapes(ours["params"]) == shapes(other["params"])
    assert ours["params_axes"] == other["params_axes"]
    rng = np.random.default_rng(1)
    params = jax.tree.map(lambda p: np.asarray(p) + 0.05 * rng.normal(size=p.shape), ours["params"])
    found = [
        jax.jit(functools.partial(module.apply, enable_dropout=False))(
            {"params": params}, shifted, targets, **given
        )
        for module in (LanguageModel(config), theirs)
    ]
    np.testing.assert_allclose(found[0], found[1], atol=2e-5)


@pytest.mark.parametrize("head", ["tied", "own"])
@pytest.mark.parametrize("version", _CONFIGS)
def test_what_transformers_writes_is_read(version, head, tmp_path):
    torch = pytest.importorskip("torch", reason="needs torch: pip install torch")
    transformers = pytest.importorskip("transformers")
    theirs = transformers.T5ForConditionalGeneration(
        transformers.T5Config(
            vocab_size=96, d_model=32, d_kv=8, d_ff=48, num_layers=2, num_decoder_layers=3,
            num_heads=4, decoder_start_token_id=0, tie_word_embeddings=version == "v1.0",
            feed_forward_proj="relu" if version == "v1.0" else "gated-gelu",
        )
    ).eval()  # fmt: skip
    if head == "own":
        theirs.config.tie_word_embeddings = False
        theirs.lm_head.weight = torch.nn.Parameter(torch.randn(96, 32))
    theirs.save_pretrained(tmp_path, max_shard_size="20KB")
    assert len(list(tmp_path.glob("model-*.safetensors"))) > 1
    params, config = read_hugging_face(str(tmp_path))
    inputs, shifted, _ = batch()
    with torch.no_grad():
        expected = theirs(
            input_ids=torch.tensor(inputs),
            attention_mask=torch.tensor(inputs > 0),
            decoder_input_ids=torch.tensor(shifted),
        ).logits.numpy()
    config = dataclasses.replace(config, dropout_rate=0.0)
    np.testing.assert_allclose(logits(Transformer(config), params), expected, atol=1e-4)
