"""Write two small tasks for fine-tuning: reversed words and sentiment.

Run from anywhere, with no packages installed:

    python sample/build_tasks.py out/tasks

Writes ``tasks.toml``, which describes the tasks for ``t5x --task``, and a folder each with
``train.tsv`` and ``validation.tsv``:

    reverse    three words; the target is the words in reverse order
    sentiment  a sentence; its adjective, and a "not" in front of it, decide the label

Both are made by rule, without chance: the same files on every machine. No validation example is
in the training split.
"""

import argparse
import hashlib
import itertools
from collections.abc import Iterator
from pathlib import Path

TRAIN, VALIDATION = 2000, 200  # examples of a task

WORDS = (
    *("time", "people", "year", "day", "world", "life", "work", "home", "school", "city"),
    *("book", "water", "music", "family", "game", "house", "study", "team", "garden", "summer"),
)
SUBJECTS = (
    *("the food", "the film", "this book", "the hotel", "their service", "the music", "our room"),
    *("this phone", "the story", "the weather", "the teacher", "that show", "my last trip"),
)
VERBS = ("was", "is", "seemed")
ADVERBS = ("", "not ", "very ", "really ", "not very ", "not really ")
ADJECTIVES = {
    "positive": ("good", "great", "nice", "beautiful", "wonderful", "perfect", "fun", "fresh"),
    "negative": ("bad", "poor", "terrible", "boring", "ugly", "awful", "sad", "dirty"),
}

TASKS = """\
[reverse]
source = "reverse"
prefix = "reverse: "
inputs = "{words}"
targets = "{reversed}"
metrics = ["accuracy"]

[sentiment]
source = "sentiment"
prefix = "sentiment: "
inputs = "{sentence}"
labels = ["negative", "positive"]
metrics = ["accuracy", "f1"]
"""


def reversed_words() -> Iterator[tuple[str, str]]:
    """Three different words, and the same from last to first."""
    for words in itertools.permutations(WORDS, 3):
        yield " ".join(words), " ".join(reversed(words))


def sentiments() -> Iterator[tuple[str, str]]:
    """A sentence, and its label: that of the adjective, or the other one after "not"."""
    labels = tuple(ADJECTIVES)
    for index, label in enumerate(labels):
        for subject, verb, adverb, adjective in itertools.product(
            SUBJECTS, VERBS, ADVERBS, ADJECTIVES[label]
        ):
            sentence = f"{subject} {verb} {adverb}{adjective}"
            yield sentence, labels[1 - index] if adverb.startswith("not") else label


def shuffled(examples: Iterator[tuple[str, str]]) -> list[tuple[str, str]]:
    """The examples in the order of a hash of their text."""
    return sorted(examples, key=lambda example: hashlib.sha256(example[0].encode()).digest())


def write(folder: Path, header: tuple[str, str], examples: Iterator[tuple[str, str]]) -> None:
    """Writes the validation split, and after it the training split, as TSV with a header."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = shuffled(examples)
    splits = {"validation": rows[:VALIDATION], "train": rows[VALIDATION : VALIDATION + TRAIN]}
    for split, chosen in splits.items():
        lines = ["\t".join(row) + "\n" for row in (header, *chosen)]
        (folder / f"{split}.tsv").write_text("".join(lines), encoding="utf-8", newline="\n")


def main() -> None:
    """Writes both tasks to the folder on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0], allow_abbrev=False)
    parser.add_argument("output", type=Path, help="folder for tasks.toml and the examples")
    output = parser.parse_args().output
    write(output / "reverse", ("words", "reversed"), reversed_words())
    write(output / "sentiment", ("sentence", "label"), sentiments())
    (output / "tasks.toml").write_text(TASKS, encoding="utf-8", newline="\n")
    print(f"{output}/tasks.toml: reverse and sentiment,")
    print(f"each with {TRAIN:,} examples for training and {VALIDATION} held out")


if __name__ == "__main__":
    main()
