"""Files that c4forge did not make keep their bytes, whatever command runs where they are."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from corpora.formats import OUTPUT_FORMATS
from pipelines import convert, tokenize, webtext_urls
from pipelines.main import main as build
from runtime.storage.files import delete_folder, move_folder
from runtime.storage.locks import hold_folder
from runtime.storage.names import MADE
from runtime.storage.ownership import MANIFEST, NotOurs, claim, read_manifest, release
from tests.corpora.written import write_dataset, write_english
from tests.runs.runs import shard_bytes
from tests.vocab.small import small_model
from vocab import inspect, train

NAMES = (
    "lock", "c4forge.lock", "run.json", "config.json", "versions.json", "report.json", "README.md",
    "malformed/000000-a.jsonl", "unreadable.jsonl", "unreachable.jsonl", "contents.json",
    "dataset_info.json", "features.json", "spiece.model", "spiece.vocab", "tokenizer.json",
    "tokenizer_config.json", "special_tokens_map.json", "recipe.json", "work/notes.txt",
    "work/lock", "work/run.json", "c4forge-work/notes.txt", "inspect.json", "inspect.png",
    ".c4forge-converting.json", "converting.json", "notes.tmp-draft", "urls.txt", MANIFEST,
    "jsonl/c4-train.00000-of-00001.json.gz", "dropped/en.jsonl", "report/index.html",
    "resources.json",
)  # fmt: skip
OTHERS = ("notes.txt", "work/notes.txt", "lock", "a.tmp-draft", "c4/mine.txt", "runs/mine.txt")


def put(folder: Path, names: tuple[str, ...], kind: str) -> dict[str, object]:
    """Puts files of these names into a folder, or links to files elsewhere; what is there now."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind == "link":
            target = folder.parent / "elsewhere" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(f"{name} of the user")
            path.symlink_to(target)
        else:
            path.write_text(f"{name} of the user" if kind == "file" else kind)
    return foreign(folder, names)


def foreign(folder: Path, names: tuple[str, ...]) -> dict[str, object]:
    """The content and the kind of each file; None where it is gone."""
    paths = {name: folder / name for name in names}
    return {n: (p.read_bytes(), p.is_symlink()) if p.exists() else None for n, p in paths.items()}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    return write_english(tmp_path_factory.mktemp("corpus"), 300, shards=3)


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("vocab") / "spiece.model"
    path.write_bytes(small_model("tiny"))
    return path


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("dataset"), "en", {"train": 20}, "tfrecord")


Run = Callable[[Path], int]


@pytest.fixture(params=["build", "work", "train", "inspect", "tokenize", "webtext", "convert"])
def command(request, sample, corpus, dataset, vocabulary, tmp_path) -> tuple[Run, tuple[str, ...]]:
    """A command that writes to a folder, and the folders below it that it uses."""
    (tmp_path / "RS_2018-01").write_text(
        json.dumps({"url": "http://a.example/b", "score": 9, "is_self": False}) + "\n"
    )
    few = ["--max_files=1", "--num_workers=1"]
    c4, tokens = "c4/en/3.1.0", "c4_tokens/en/3.1.0"
    commands: dict[str, tuple[Run, tuple[str, ...]]] = {
        "build": (lambda f: build([f"--input={sample}", *few, f"--output={f}", "--overwrite"]),
                  ("", "c4", "c4/en", c4, "runs", "runs/en", "runs/en/work")),
        "work": (lambda f: build([f"--input={sample}", *few, f"--output={tmp_path / 'o'}",
                                  f"--work_dir={f}"]), ("",)),
        "train": (lambda f: train.main(["--preset=tiny", "--size=300", f"--corpus={corpus}",
                                        f"--output={f}", "--overwrite"]), ("",)),
        "inspect": (lambda f: inspect.main([str(vocabulary), str(corpus), f"--output={f}"]), ("",)),
        "tokenize": (lambda f: tokenize.main([f"--corpus={corpus}", f"--vocab={vocabulary}",
                                              f"--output={f}", "--num_workers=1", "--overwrite"]),
                     ("", "c4_tokens", "c4_tokens/en", tokens)),
        "webtext": (lambda f: webtext_urls.main([f"--output={f / 'urls.txt'}",
                                                 str(tmp_path / "RS_2018-01")]), ("",)),
        "convert": (lambda f: convert.main([str(dataset), f"--format={','.join(OUTPUT_FORMATS)}",
                                            f"--output={f}", "--num_workers=1"]),
                    ("", "c4", "c4/en", c4)),
    }  # fmt: skip
    return commands[request.param]


SLOW = [pytest.param(kind, marks=pytest.mark.slow) for kind in ("", "{}")]


@pytest.mark.parametrize("kind", ["file", "link", *SLOW])
def test_files_of_the_names_that_a_command_uses_stay(command, tmp_path, kind, capsys):
    run, folders = command
    for number, inner in enumerate(folders):
        folder = tmp_path / str(number)
        before = put(folder / inner, NAMES, kind)
        code = run(folder)
        assert (code, foreign(folder / inner, NAMES)) == (code, before), inner
        assert code in (0, 2), capsys.readouterr().err


def test_other_files_stay_and_the_command_does_its_work(command, tmp_path, capsys):
    run, _ = command
    before = put(tmp_path / "folder", OTHERS, "file")
    assert run(tmp_path / "folder") == 0, capsys.readouterr().err
    assert foreign(tmp_path / "folder", OTHERS) == before
    assert run(tmp_path / "folder") in (0, 2)  # it is there already
    assert foreign(tmp_path / "folder", OTHERS) == before


def test_a_card_of_the_user_stays_where_datasets_change(tmp_path, dataset):
    arguments = [str(dataset), f"--output={tmp_path}", "--num_workers=1"]
    assert convert.main([*arguments, "--format=jsonl"]) == 0
    cards = [tmp_path / "c4/README.md", tmp_path / "c4/en/3.1.0/README.md"]
    texts = [path.read_text() for path in cards]
    for path, text in zip(cards, texts, strict=True):
        assert "<!-- c4forge" in text
        path.write_text("of the user")
    assert convert.main([*arguments, "--format=parquet"]) == 0
    assert [path.read_text() for path in cards] == ["of the user"] * 2


def test_a_folder_of_ours_loses_only_files_with_our_names(tmp_path):
    folder = tmp_path / "clean-0123456789abcdef"
    made = ("588b4a7087bc8cec4968.cleaned.arrow", "clean/000000.receipt.json", "inputs.jsonl",
            "lines/000001.npz", "lines/000001.npz.tmp-0123456789ab",
            "c4-train.tfrecord-00000-of-00001", "receipts/de-validation-000000.receipt.json",
            "588b4a7087bc8cec4968-0-17.arrow")  # fmt: skip
    put(folder, made, "made")
    others = ("notes.txt", "clean/analysis.npz", "link/588b4a70.txt", "plan.md", "inputs.csv",
              "notes-202401.txt", "000123.jpg", "c4-test-00000-of-00001.csv", "shards.tar.gz",
              "my.txt.tmp-0123456789ab", "000007-my-notes.txt")  # fmt: skip
    before = put(folder, others, "file")
    (folder / "000000.arrow").symlink_to(tmp_path)
    delete_folder(folder.as_posix())
    left = {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}
    assert left == {*before}
    delete_folder(str(tmp_path / "absent"))


def test_a_dataset_with_a_card_of_the_user_is_not_replaced(tmp_path, sample, capsys):
    given = [f"--input={sample}", "--max_files=1", f"--output={tmp_path}"]
    assert build(given) == 0
    card = tmp_path / "c4/en/3.1.0/README.md"
    other = [f"--input={sample}", "--overwrite", f"--output={tmp_path}"]
    text = card.read_text()
    card.write_text("mine")
    assert build(other) == 2
    assert "README.md" in capsys.readouterr().err and card.read_text() == "mine"
    card.write_text(text)
    assert build(other) == 0
    assert "will be replaced: it has another input" in capsys.readouterr().err


def test_a_folder_that_is_replaced_leaves_files_of_others_beside_it(tmp_path):
    put(tmp_path / "new", ("config.json",), "new")
    put(tmp_path / "old", ("config.json", "notes.txt"), "old")
    move_folder(str(tmp_path / "new"), str(tmp_path / "old"))
    assert (tmp_path / "old/config.json").read_text() == "new"
    (kept,) = tmp_path.glob("old.old-*")
    assert [path.name for path in kept.iterdir()] == ["notes.txt"]


def test_a_manifest_says_what_is_ours(tmp_path):
    folder = str(tmp_path / "a")
    claim(folder, ["one", "two"])
    (tmp_path / "a/one").write_text("ours")
    (tmp_path / "a/three").write_text("theirs")
    claim(folder, ["one"])
    with pytest.raises(NotOurs, match=r"--output=.*/a has files that c4forge did not make .*three"):
        claim(folder, ["three"], "--output")
    assert read_manifest(folder) == {"one", "two"}
    release(folder)
    assert (tmp_path / "a" / MANIFEST).exists()
    (tmp_path / "a/one").unlink()
    release(folder)
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["three"]


@pytest.mark.parametrize("content", ["", "of the user", "{}", '{"pid": 1}'])
def test_a_file_with_the_name_of_the_lock_stays(tmp_path, content):
    lock = tmp_path / "c4forge.lock"
    lock.write_text(content)
    try:
        with hold_folder(str(tmp_path)):
            assert not content
    except ValueError as error:
        assert content and "is no lock of c4forge" in str(error)
    assert lock.read_text() == content


def test_every_file_of_a_run_has_a_name_of_ours(tmp_path, sample, capsys):
    formats = f"--format={','.join(OUTPUT_FORMATS)}"
    assert build([f"--input={sample}", formats, "--keep_work", f"--output={tmp_path}"]) == 0
    work = tmp_path / "runs/en/work"
    files = [path for folder in (tmp_path / "c4/en", work) for path in folder.rglob("*")]
    files = [path for path in files if path.is_file() and path.parent != work]
    assert len(files) > 20 and shard_bytes(tmp_path)
    assert [path for path in files if not MADE.fullmatch(path.name)] == []


def test_several_workers_may_remove_a_folder_at_once(tmp_path):
    for _ in range(10):
        names = tuple(f"{stage}/{n:06d}.blocks" for stage in ("clean", "lines") for n in range(100))
        put(tmp_path / "documents", names, "made")
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(delete_folder, [str(tmp_path / "documents")] * 4))
        assert not (tmp_path / "documents").exists()
