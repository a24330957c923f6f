"""Without torch; tests/reference/test_network.py compares with transformers."""

import dataclasses
import json
import re

import jax
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tests.trainer.compat.numpy_t5 import logits
from tests.trainer.model.goldens import FILE, VERSIONS, batch, chosen, network_config, params
from trainer.compat.hugging_face import LayoutError, read_hugging_face, write_hugging_face


@pytest.mark.parametrize("version", VERSIONS)
def test_a_written_model_is_read_back(version, tmp_path):
    config = network_config(version)
    write_hugging_face(str(tmp_path), params(config), config)
    read, same = read_hugging_face(str(tmp_path))
    assert same == config
    jax.tree.map(np.testing.assert_array_equal, read, params(config))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_written_model_has_the_logits_of_transformers(version, tmp_path):
    """By T5 in NumPy, which knows the names and axes of the files only."""
    config = network_config(version)
    write_hugging_face(str(tmp_path), params(config), config)
    arrays = load_file(tmp_path / "model.safetensors")
    found = logits(arrays, json.loads((tmp_path / "config.json").read_text()), *batch())
    np.testing.assert_allclose(chosen(found), json.loads(FILE.read_text())[version], atol=1e-4)


@pytest.mark.parametrize(
    ("written", "scale"),
    [({}, 32**-0.5), ({"scale_decoder_outputs": False}, 1), ({"tie_word_embeddings": False}, 1)],
)
def test_logits_of_their_own_have_the_scale_of_the_decoders_outputs(written, scale, tmp_path):
    config = network_config("v1.0")
    write_hugging_face(str(tmp_path), params(config), config)
    arrays = load_file(tmp_path / "model.safetensors")
    head = 0.5 + arrays["shared.weight"]
    save_file(arrays | {"lm_head.weight": head}, tmp_path / "model.safetensors")
    theirs = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(theirs | written))
    read, found = read_hugging_face(str(tmp_path))
    assert not found.logits_via_embedding
    np.testing.assert_allclose(read["decoder"]["logits_dense"]["kernel"], head.T * scale, rtol=1e-6)


@pytest.mark.parametrize("fields", [{"shared_layers": True}, {"num_encoder_layers": 0}])
def test_other_architectures_are_not_exported(fields, tmp_path):
    config = dataclasses.replace(network_config("v1.1"), **fields)
    with pytest.raises(LayoutError, match="only --architecture=encoder_decoder"):
        write_hugging_face(str(tmp_path), {}, config)


def test_folders_that_are_no_t5(tmp_path):
    with pytest.raises(LayoutError, match=r"expected a model folder with config\.json"):
        read_hugging_face(str(tmp_path))
    config = network_config("v1.0")
    write_hugging_face(str(tmp_path), params(config), config)
    arrays = load_file(tmp_path / "model.safetensors")
    del arrays["encoder.block.1.layer.0.SelfAttention.q.weight"]
    save_file(arrays, tmp_path / "model.safetensors")
    with pytest.raises(LayoutError, match=r"encoder\.block\.1\..*q\.weight is missing"):
        read_hugging_face(str(tmp_path))
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(LayoutError, match=r"only pytorch_model\.bin"):
        read_hugging_face(str(tmp_path))
    written = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(written | {"feed_forward_proj": "silu"}))
    save_file(arrays, tmp_path / "model.safetensors")
    with pytest.raises(LayoutError, match=r"feed_forward_proj='silu': expected relu or gated-gelu"):
        read_hugging_face(str(tmp_path))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ({"num_layers": 10**12}, "num_layers=1000000000000: expected a number of 1 to"),
        ({"num_layers": 10**9, "num_decoder_layers": None}, "num_layers: 2,000,000,000 in all"),
        ({"num_layers": -1}, "num_layers=-1: expected"),
        ({"d_model": "512"}, "d_model='512': expected"),
        ({"vocab_size": True}, "vocab_size=True: expected"),
        ({"feed_forward_proj": ["relu"]}, "feed_forward_proj="),
        ("[]", "expected a JSON object"),
        ("[" * 100_000, "expected a JSON object"),
        ("\0", "expected a JSON object"),
    ],
)
def test_a_configuration_that_no_t5_has_is_refused_at_once(text, said, tmp_path):
    config = network_config("v1.0")
    write_hugging_face(str(tmp_path), params(config), config)
    written = json.loads((tmp_path / "config.json").read_text())
    text = text if isinstance(text, str) else json.dumps(written | text)
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(LayoutError, match=re.escape(said)):
        read_hugging_face(str(tmp_path))


@pytest.mark.parametrize("damage", [lambda d: d[:-9], lambda _: b"", lambda d: b"\xff" * 8 + d[8:]])
def test_damaged_safetensors_are_named(damage, tmp_path):
    config = network_config("v1.0")
    write_hugging_face(str(tmp_path), params(config), config)
    path = tmp_path / "model.safetensors"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(LayoutError, match=r"model\.safetensors: cannot be read: .*copy it again"):
        read_hugging_face(str(tmp_path))
