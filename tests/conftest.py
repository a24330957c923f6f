"""What all tests share: the sample, the shared data where there are any, runs of the command."""

import gzip
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import gcld3  # noqa: F401  # before any test imports TensorFlow, which it would crash beside
import pytest

from cleaning.filters.badwords import load_carried
from pipelines.sources.public_lists import CARRIED, FETCHED

# Compiled for these few steps only: where jax is there, its programs come unoptimized, and sooner.
os.environ.setdefault(
    "XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false"
)

# All processes of a run of the tests share what they compile; the first removes it at the end.
if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
    _COMPILED = tempfile.TemporaryDirectory(prefix="compiled-")
    os.environ["JAX_COMPILATION_CACHE_DIR"] = _COMPILED.name
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "0")

# Tests talk to servers of this machine only, and name the proxies that they mean.
for _name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
    os.environ.pop(_name, None)
    os.environ.pop(_name.upper(), None)

REPOSITORY = Path(__file__).resolve().parent.parent


def console_script(module: str) -> list[str]:
    """A console script of these sources, that of an installed package apart, from any folder."""
    found = f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); from {module} import main; "
    return [sys.executable, "-P", "-c", f"{found}sys.exit(main())"]


COMMAND, T5X = console_script("c4forge.main"), console_script("c4forge.t5x")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Names of tests are the same in every process: packed bytes hold the time of their packing."""
    return argname if isinstance(val, bytes) else None


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
def all_variants(tmp_path_factory) -> list[str]:
    """Options for every variant of the sample; languages of whose words no package has a list get
    one of one word.
    """
    folder = tmp_path_factory.mktemp("badwords")
    for code in sorted(CARRIED | FETCHED):
        words = load_carried(CARRIED[code]) if code in CARRIED else {"example-word"}
        (folder / code).write_text("\n".join(sorted(words)))
    sample = REPOSITORY / "sample"
    return [
        "--variant=all",
        f"--badwords_dir={folder}",
        f"--webtext_urls={sample / 'webtext_urls.txt'}",
        f"--realnews_domains={sample / 'realnews_domains.json'}",
    ]


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


def read_gzip(path: Path) -> bytes:
    """What a file holds. gzip.decompress copies the rest of it for each of its members."""
    with gzip.open(path) as file:
        return file.read()


@pytest.fixture(autouse=True)
def closed_pool() -> Iterator[None]:
    """No test leaves worker processes to the next one."""
    yield
    from runtime.workers.pool import close_pool

    close_pool()
