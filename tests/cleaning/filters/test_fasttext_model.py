"""Models of fastText that are whole, cut off, or none."""

import struct
from pathlib import Path

import pytest

from cleaning.filters.fasttext_model import is_cut_off
from cleaning.filters.language import IDENTIFIERS, LanguageModelError, _bundled_model

BUNDLED = Path(_bundled_model()).read_bytes()


def dense_model() -> bytes:
    """A whole classifier of two words and two languages, its vectors not quantized."""
    dimensions, softmax, supervised = 2, 3, 3
    header = struct.pack("<2i", 793_712_314, 12)
    arguments = (dimensions, 5, 5, 1, 5, 1, softmax, supervised, 0, 0, 0, 100)
    words = [("</s>", 0), ("ferry", 0), ("Fähre", 0), ("__label__en", 1), ("__label__de", 1)]
    dictionary = struct.pack("<3i2q", len(words), 3, 2, 10, -1)
    for word, kind in words:
        dictionary += word.encode() + b"\0" + struct.pack("<qb", 5, kind)
    vectors = struct.pack("<?2q6f", False, 3, dimensions, 0, 0, 9, 0, 0, 9)
    outputs = struct.pack("<?2q4f", False, 2, dimensions, 1, 0, 0, 1)
    return header + struct.pack("<12id", *arguments, 1e-4) + dictionary + vectors + outputs


def test_the_dense_model_is_one_that_fasttext_reads(tmp_path):
    """Else nothing would hold our idea of the layout against the library's."""
    path = tmp_path / "model.bin"
    path.write_bytes(dense_model())
    identify = IDENTIFIERS["fasttext"].load(str(path))
    assert [identify(text).language for text in ("ferry ferry", "Fähre Fähre")] == ["en", "de"]


@pytest.mark.parametrize("data", [BUNDLED, dense_model(), BUNDLED + b"\0"], ids=["ftz", "bin", "+"])
def test_a_whole_model_is_not_cut_off(tmp_path, data):
    path = tmp_path / "model"
    path.write_bytes(data)
    assert not is_cut_off(str(path))


def test_a_dense_model_is_cut_off_wherever_it_is_cut(tmp_path):
    path, data = tmp_path / "model.bin", dense_model()
    for size in range(4, len(data)):
        path.write_bytes(data[:size])
        assert is_cut_off(str(path)), size


@pytest.mark.parametrize(
    "size",
    [4, 8, 9, 63, 64, 91, 92, 100, 1000, 100_000, 500_000, 900_000, len(BUNDLED) - 1],
)
def test_a_quantized_model_is_cut_off_wherever_it_is_cut(tmp_path, size):
    path = tmp_path / "lid.176.ftz"
    path.write_bytes(BUNDLED[:size])
    assert is_cut_off(str(path))
    with pytest.raises(
        LanguageModelError, match=rf"^--lid_model={path}: the file is truncated; download"
    ):
        IDENTIFIERS["fasttext"].load(str(path))


@pytest.mark.parametrize("data", [b"", b"abc", b"<html>", BUNDLED[1:]])
def test_what_is_no_model_is_not_one_cut_off(tmp_path, data):
    path = tmp_path / "model"
    path.write_bytes(data)
    assert not is_cut_off(str(path))
