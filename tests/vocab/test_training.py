"""The same sample and recipe give the same model; what cannot be trained is explained."""

import pytest
from sentencepiece import sentencepiece_model_pb2 as spm

from tests.corpora.written import documents, write_shards
from tests.vocab.drawn import draw
from tests.vocab.small import recipe, small_model, small_processor
from vocab.sampling.sample import Sample
from vocab.training import TrainingError, explain, round_scores, train_model
from vocab.vocabulary import parse_model


@pytest.fixture(scope="module")
def sample(tmp_path_factory) -> Sample:
    folder = tmp_path_factory.mktemp("sample")
    write_shards(folder / "en", "train", documents("en", 300))
    return draw(folder / "drawn", folder / "en")


def test_two_runs_give_the_same_bytes(sample):
    models = [train_model(recipe("tiny"), sample) for _ in range(2)]
    assert models[0].model == models[1].model
    assert models[0].peak_bytes > 10**7 and models[0].seconds > 0


def test_the_model_has_the_size_and_the_ids_of_its_recipe(sample):
    model = parse_model(train_model(recipe("tiny"), sample).model)
    assert [piece.piece for piece in model.pieces[:3]] == ["<pad>", "</s>", "<unk>"]
    assert len(model.pieces) == recipe("tiny").size
    assert model.trainer_spec.num_threads == recipe("tiny").threads


def test_nothing_of_the_run_is_in_the_model(sample):
    """No path and no name: they would make bytes differ."""
    spec = parse_model(train_model(recipe("tiny"), sample).model).trainer_spec
    assert not spec.input and not spec.model_prefix


def test_bytes_come_first_where_there_is_a_fallback():
    model = parse_model(small_model("mt5"))
    assert [piece.piece for piece in model.pieces[3:5]] == ["<0x00>", "<0x01>"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"size": 50_000}, r"--size=50000: this sample gives [\d,]+ pieces at most. Ask for"),
        ({"size": 12}, r"--size=12: --character_coverage=0\.9995 of this sample needs \d+ pieces"),
        ({"size": 50_000, "model_type": "bpe"}, r"--size=50000: this sample gives"),
    ],
)
def test_a_size_that_the_text_does_not_give_is_explained(sample, changes, said):
    with pytest.raises(TrainingError, match=said):
        train_model(recipe("tiny", **changes), sample)


def test_what_it_says_is_the_most_is_the_most(sample):
    with pytest.raises(TrainingError) as error:
        train_model(recipe("tiny", size=50_000), sample)
    most = int(
        str(error.value)
        .partition("--size=50000: this sample gives ")[2]
        .split()[0]
        .replace(",", "")
    )
    assert f"--size={most} or less" in str(error.value)
    train_model(recipe("tiny", size=most), sample)


def test_other_complaints_are_passed_on():
    assert explain("INTERNAL: something", recipe("tiny")) == "SentencePiece: INTERNAL: something"
    assert "no text" in explain("INTERNAL: [!sentences_.empty()] ", recipe("tiny"))


def test_rounded_scores_keep_pieces_and_their_order():
    model = parse_model(small_model("tiny"))
    as_trained = small_model("tiny")
    assert round_scores(as_trained, 23) is as_trained
    assert all((piece.score * 16).is_integer() for piece in model.pieces)
    scores = [piece.score for piece in model.pieces if piece.type == 1]
    assert scores == sorted(scores, reverse=True)


def test_scores_are_rounded_to_the_nearest_multiple():
    proto = spm.ModelProto()
    for score in (-3.99, -3.97, -0.02, 0.0, -7.5):
        proto.pieces.add(piece=str(score), score=score)
    rounded = parse_model(round_scores(proto.SerializeToString(), 4))
    assert [piece.score for piece in rounded.pieces] == [-4.0, -4.0, 0.0, 0.0, -7.5]
    halves = parse_model(round_scores(proto.SerializeToString(), 1))
    assert [piece.score for piece in halves.pieces] == [-4.0, -4.0, 0.0, 0.0, -7.5]


@pytest.mark.parametrize("preset", ["t5", "mt5", "palm"])
def test_small_models_encode(preset):
    processor = small_processor(preset)
    ids = processor.encode("The first line.")
    assert ids and processor.decode(ids) == "The first line."
