"""A small vocabulary and corpus that the trainer's tests share."""

import io
import json
from pathlib import Path

from sentencepiece import SentencePieceTrainer

_WORDS = (
    "the cat sat on a warm stone while rain fell over old roofs and slow rivers ran "
    "to the sea people of many towns came with bread salt wool and stories about winter"
).split()


def sentences(count: int, seed: int = 1) -> list[str]:
    """Texts of a few dozen words each, always the same."""
    texts = []
    state = seed
    for _ in range(count):
        words = []
        for _ in range(40):
            state = (state * 1103515245 + 12345) % 2**31
            words.append(_WORDS[(state >> 16) % len(_WORDS)])
        texts.append(" ".join(words) + ".")
    return texts


def train_vocabulary(path: Path, texts: list[str], size: int = 48) -> str:
    """Trains a SentencePiece model with T5's special ids; its file."""
    model = io.BytesIO()
    SentencePieceTrainer.Train(
        sentence_iterator=iter(texts),
        model_writer=model,
        vocab_size=size,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=2,
    )
    path.write_bytes(model.getvalue())
    return str(path)


FIRST_WORD = """
[first]
source = "words.jsonl"
splits = {train = "train[4:]", validation = "train[:4]"}
inputs = "first: {text}"
targets = "{first}"
metrics = ["accuracy"]
"""
"""A task of one's own: the first word of a text, from the lines of `write_words`."""


def write_words(path: Path, texts: list[str]) -> list[dict[str, str]]:
    """Writes JSON lines with each text and its first word; returns their objects."""
    rows = [{"text": text, "first": text.split()[0]} for text in texts]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return rows


def write_corpus(folder: Path, splits: dict[str, list[str]], shards: int = 1) -> str:
    """Writes a corpus folder of documents as the corpus command does."""
    import tensorflow as tf

    folder.mkdir(parents=True, exist_ok=True)
    info = []
    for split, texts in splits.items():
        parts = [texts[number::shards] for number in range(shards)]
        for number, part in enumerate(parts):
            name = f"c4-{split}.tfrecord-{number:05d}-of-{shards:05d}"
            with tf.io.TFRecordWriter(str(folder / name)) as writer:
                for text in part:
                    value = tf.train.Feature(bytes_list=tf.train.BytesList(value=[text.encode()]))
                    features = tf.train.Features(feature={"text": value})
                    writer.write(tf.train.Example(features=features).SerializeToString())
        info.append({"name": split, "shardLengths": [str(len(part)) for part in parts]})
    (folder / "dataset_info.json").write_text(json.dumps({"splits": info}))
    return str(folder)
