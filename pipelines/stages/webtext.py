"""URL lists as signatures: the digests of the URLs that webtextlike takes."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict

import numpy as np

from cleaning.counts import Counts
from cleaning.urls import load_normalizer
from pipelines.job import Job
from pipelines.sources.url_lists import UrlList, read_digests
from pipelines.stages.blocks import LISTED, Block, split_by_bucket
from pipelines.stages.tasks import Stage
from runtime.storage.arrays import load_arrays, save_arrays
from runtime.storage.checked import DamagedFile, Depth, find_damage, read_checked, write_checked
from runtime.storage.files import json_utf8


def write_list_manifest(path: str, url_lists: tuple[UrlList, ...]) -> None:
    """Writes the lists of a run as JSON lines."""
    lines = [json.dumps(asdict(url_list), ensure_ascii=False) for url_list in url_lists]
    write_checked(path, json_utf8("".join(f"{line}\n" for line in lines)))


def read_list_manifest(path: str) -> tuple[UrlList, ...]:
    """The lists that `write_list_manifest` wrote."""
    return tuple(UrlList(**json.loads(line)) for line in read_checked(path).splitlines())


def store_url_digests(job: Job, url_list: UrlList, _: Sequence[Block] = ()) -> Counts:
    """Stores the digests of a list's URLs, each once; returns counts by rule."""
    normalize = load_normalizer(job.settings.url_rules())
    digests, listed, refused = read_digests(url_list, normalize)
    save_arrays(_path(job, url_list), {"url_digest": digests})
    return {"webtextlike-filter/listed": listed, "webtextlike-filter/malformed": refused}


def listed_blocks(job: Job, url_list: UrlList, _: Sequence[Block] = ()) -> dict[int, Block]:
    """LISTED rows of a list by bucket of their URL."""
    digests = load_arrays(_path(job, url_list))["url_digest"]
    block = np.empty(len(digests), LISTED)
    block["url_digest"] = digests
    return split_by_bucket(block, digests, job.buckets)


def _path(job: Job, url_list: UrlList) -> str:
    return job.stage_path("webtext", url_list.number, ".npz")


def _damage(job: Job, url_list: UrlList, _: Counts, depth: Depth) -> list[DamagedFile]:
    return find_damage(_path(job, url_list), depth)


def _tasks(job: Job, _: Counts) -> Iterable[UrlList]:
    return read_list_manifest(job.url_lists_path())


WEBTEXT = Stage(
    name="webtext",
    meaning="reading URL lists",
    unit="lists",
    share=0.02,
    tasks=_tasks,
    work=store_url_digests,
    damage=_damage,
    emit=listed_blocks,
    emits=LISTED,
    to_buckets=True,
)
