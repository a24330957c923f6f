"""What all tests share: the sample, the shared data where there are any, runs of the command."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def sample() -> str:
    """A glob of the sample's WET files."""
    return str(REPOSITORY / "sample" / "wet" / "*.warc.wet.gz")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real WET files, reference lists and expected output."""
    folder = Path(os.environ.get("C4FORGE_SHARED", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"needs real WET files in {folder} (or in C4FORGE_SHARED)")
    return folder


@pytest.fixture(scope="session")
def small_vocabulary(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A SentencePiece model of a few dozen pieces, for the trainer."""
    from tests.trainer.small import sentences, train_vocabulary

    return train_vocabulary(tmp_path_factory.mktemp("vocabulary") / "small.model", sentences(200))


@pytest.fixture(scope="session")
def small_corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A corpus folder of a few hundred documents in two shards, for the trainer."""
    from tests.trainer.small import sentences, write_corpus

    folder = tmp_path_factory.mktemp("corpus") / "c4" / "en" / "3.1.0"
    splits = {"train": sentences(400, seed=2), "validation": sentences(20, seed=3)}
    return write_corpus(folder, splits, shards=2)


@pytest.fixture(autouse=True)
def closed_pool() -> Iterator[None]:
    """No test leaves worker processes to the next one."""
    yield
    from pipelines.workers import close_pool

    close_pool()
