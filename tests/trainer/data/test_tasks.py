import itertools
import json

import pytest
import seqio

from tests.trainer.small import sentences
from trainer.data.corpora import CorpusError, corpus_name, find_corpus
from trainer.data.objectives import OBJECTIVES, Noise
from trainer.data.tasks import load_mixture, load_task
from trainer.data.vocabularies import VocabularyError, load_vocabulary, padded_size

LENGTH = {"inputs": 64, "targets": 64}


def rows(name, split="train", most=1000):
    task = seqio.get_mixture_or_task(name)
    length = {key: LENGTH[key] for key in task.output_features}
    dataset = task.get_dataset(length, split=split, use_cached=False, shuffle=False)
    return list(itertools.islice(dataset.as_numpy_iterator(), most))


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_objective_is_a_task_by_name(objective, small_corpus, small_vocabulary):
    name = load_task(small_corpus, small_vocabulary, objective)
    assert name == f"c4_en_{objective}"
    for row in rows(name, "validation"):
        assert all(len(ids) <= 64 and ids[-1] == 1 for ids in row.values())
        assert ("inputs" in row) == (OBJECTIVES[objective].noise is not Noise.NONE)


def test_truncated_data_is_the_first_tokens_only(small_corpus, small_vocabulary):
    name = load_task(small_corpus, small_vocabulary, "causal_lm", data_tokens=1000)
    assert sum(len(row["targets"]) - 1 for row in rows(name)) == 1000


@pytest.mark.parametrize("form", ["tsv", "jsonl"])
def test_own_pairs_are_a_task_without_code(form, tmp_path, small_vocabulary):
    pairs = [("the sea", "a river"), ("old roofs", "rain")]
    lines = {
        "tsv": ["\t".join(pair) for pair in pairs],
        "jsonl": [json.dumps({"inputs": one, "targets": two}) for one, two in pairs],
    }[form]
    file = tmp_path / f"proverbs.{form}"
    file.write_text("\n".join(lines) + "\n")
    name = load_task(str(file), small_vocabulary, prefix="the cat: ")
    decode = load_vocabulary(small_vocabulary).decode
    found = [
        (decode(row["inputs"].tolist()), decode(row["targets"].tolist())) for row in rows(name)
    ]
    assert name == "proverbs"
    assert found == [("the cat: the sea".replace(":", " ⁇ "), "a river"),
                     ("the cat: old roofs".replace(":", " ⁇ "), "rain")]  # fmt: skip


def test_mixtures_draw_from_all(tmp_path, small_corpus, small_vocabulary):
    file = tmp_path / "proverbs.tsv"
    file.write_text("the sea\ta river\n" * 50)
    name = load_mixture([small_corpus, str(file)], small_vocabulary, "bert_style", mixing="equal")
    kinds = [len(row["targets"]) < 12 for row in rows(name, most=60)]
    assert 10 < sum(kinds) < 50


def test_packing_leaves_little_padding(small_corpus, small_vocabulary):
    name = load_task(small_corpus, small_vocabulary)
    converter = seqio.EncDecFeatureConverter(pack=True)
    dataset = seqio.get_dataset(
        mixture_or_task_name=name,
        task_feature_lengths={"inputs": 128, "targets": 64},
        dataset_split="train",
        shuffle=False,
        feature_converter=converter,
    )
    batch = next(dataset.batch(4).as_numpy_iterator())
    assert (batch["encoder_input_tokens"] > 0).mean() > 0.9
    assert batch["encoder_segment_ids"].max() >= 1


BAD_CORPORA = [
    ("missing", "no such file or folder"),
    ("", "expected TFRecord shards"),
    ("three.tsv", "three.tsv:2: expected inputs, one tab, targets"),
    ("plain.jsonl", "plain.jsonl:1: expected"),
    ("empty.tsv", "no pairs in it"),
]


@pytest.mark.parametrize(("name", "message"), BAD_CORPORA)
def test_corpora_that_cannot_be_read(name, message, tmp_path):
    (tmp_path / "three.tsv").write_text("a\tb\na\tb\tc\n")
    (tmp_path / "plain.jsonl").write_text("text\n")
    (tmp_path / "empty.tsv").write_text("")
    folder = tmp_path if name else tmp_path / "nothing"
    (tmp_path / "nothing").mkdir()
    with pytest.raises(CorpusError, match=message):
        find_corpus(str(folder / name))


def test_the_folder_above_points_to_the_one_below(small_corpus):
    with pytest.raises(CorpusError, match=r"did you mean .*3\.1\.0\?"):
        find_corpus(small_corpus.removesuffix("/3.1.0"))


def test_a_missing_shard_is_told(small_corpus, tmp_path):
    import shutil

    folder = shutil.copytree(small_corpus, tmp_path / "broken")
    (folder / "c4-train.tfrecord-00001-of-00002").unlink()
    with pytest.raises(CorpusError, match="1 of 2 shards of train"):
        find_corpus(str(folder))


def test_names_of_corpora():
    assert corpus_name("out/c4/en.noclean/3.1.0") == "c4_en_noclean"
    assert corpus_name("/data/books") == "books"


def test_vocabularies(small_vocabulary, tmp_path):
    assert load_vocabulary(small_vocabulary).vocab_size == 148
    assert padded_size(32_100) == 32_128 and padded_size(128) == 128
    with pytest.raises(VocabularyError, match="no such file"):
        load_vocabulary(str(tmp_path / "none.model"))
    other = tmp_path / "text.model"
    other.write_text("not a model")
    with pytest.raises(VocabularyError, match="not a SentencePiece model"):
        load_vocabulary(str(other))


def test_a_model_with_other_special_ids_is_refused(tmp_path):
    from sentencepiece import SentencePieceTrainer

    SentencePieceTrainer.Train(
        sentence_iterator=iter(sentences(50)), model_prefix=str(tmp_path / "bos"), vocab_size=40,
        minloglevel=2,
    )  # fmt: skip
    with pytest.raises(VocabularyError, match="got -1, 2, 0"):
        load_vocabulary(str(tmp_path / "bos.model"))
