"""Models are found and checked."""

import pytest

from tests.vocab.small import small_model
from vocab.vocabulary import ModelError, piece_table, read_vocabulary


def test_a_model_is_opened_by_its_path_or_its_folder(tmp_path):
    (tmp_path / "spiece.model").write_bytes(small_model("t5"))
    (tmp_path / "other.model").write_bytes(small_model("t5"))
    for path in (tmp_path, tmp_path / "spiece.model", tmp_path / "other.model"):
        assert read_vocabulary(str(path)).processor().get_piece_size() == 400


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no SentencePiece model (0 bytes)"),
        (b"plain text", "no SentencePiece model (10 bytes). Expected a file that"),
        (small_model("t5")[:5000], "no SentencePiece model"),
    ],
)
def test_what_is_no_model_is_told(tmp_path, data, said):
    path = tmp_path / "x.model"
    path.write_bytes(data)
    with pytest.raises(ModelError) as error:
        read_vocabulary(str(path))
    assert str(path) in str(error.value) and said in str(error.value)


def test_a_path_without_a_model_is_told(tmp_path):
    with pytest.raises(ModelError, match=r"no spiece\.model in this folder"):
        read_vocabulary(str(tmp_path))
    with pytest.raises(ModelError, match="cannot be read: No such file"):
        read_vocabulary(str(tmp_path / "none.model"))


def test_the_table_has_a_line_a_piece_whatever_is_in_it():
    lines = piece_table(small_model("palm")).decode().splitlines()
    assert len(lines) == 700
    assert any(line.startswith("\\n\t") or "\\n" in line for line in lines)
