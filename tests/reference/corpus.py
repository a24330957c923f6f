"""TFDS's own C4 pipeline over local WET files: the documents and counters that ours must equal.

    python -m tests.reference.corpus OUT.json CONFIG REFERENCES WET...

CONFIG is one of TFDS's configurations; REFERENCES a folder with `badwords/<language>`,
`domain_to_allowed_subdomains.json` and `webtext/*.txt`, of which each configuration takes its own.
Writes {"documents": {url: {text, language, timestamp, content_type, content_length}}, "counters":
{...}}.
"""

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from tests.reference.reference import c4

CONFIGS = ("en", "en.noclean", "realnewslike", "webtextlike", "multilingual")
Result = dict[str, dict]


class _Builder:
    """All that `_get_pages_pcollection` asks of a dataset builder."""

    def __init__(self, config: str) -> None:
        self.builder_config = next(c for c in c4.C4.BUILDER_CONFIGS if c.name == config)


class _Downloads:
    download_dir = ""


def build_reference(files: Sequence[Path], config: str, references: Path) -> Result:
    """Runs TFDS's transforms for a configuration."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        c4._download_wet_file = _as_it_is
        options = PipelineOptions(["--runner=BundleBasedDirectRunner"])
        pipeline = beam.Pipeline(options=options)
        pages = c4.C4._get_pages_pcollection(
            _Builder(config), pipeline, _paths(files, references, scratch), _Downloads()
        )
        written = str(scratch / "pages")
        _ = pages | "encode" >> beam.Map(_encode) | beam.io.WriteToText(written)
        result = pipeline.run()
        result.wait_until_finish()
        lines = [line for path in scratch.glob("pages-*") for line in path.open()]
    counters = {
        f"{metric.key.metric.namespace}/{metric.key.metric.name}": metric.committed
        for metric in result.metrics().query()["counters"]
    }
    documents = {page.pop("url"): page for page in map(json.loads, lines)}
    return {"documents": documents, "counters": counters}


def _paths(files: Sequence[Path], references: Path, scratch: Path) -> dict[str, object]:
    """What TFDS would have downloaded."""
    (scratch / "wet.paths").write_text("".join(f"{path}\n" for path in files))
    extracted = scratch / "webtext" / "OpenWebText" / "Version 1"
    extracted.mkdir(parents=True)
    (extracted / "URLs").symlink_to(references / "webtext")
    words = references / "badwords"
    older = words / "en.c4"  # the list of the original C4, where the newer one is there too
    badwords = {code: str(words / code) for code in c4._BADWORDS_LANGS}
    return {
        "wet_path_urls": [str(scratch / "wet.paths")],
        "badwords": badwords | ({"en": str(older)} if older.exists() else {}),
        "realnews_domains": str(references / "domain_to_allowed_subdomains.json"),
        "openwebtext_urls_zip": str(scratch / "webtext"),
    }


def _as_it_is(path: str, dl_dir: str) -> str:
    """Stands for the download of a WET file that is here already."""
    return path


def _encode(page: "c4.PageFeatures") -> str:
    fields = ("url", "text", "language", "timestamp", "content_type", "content_length")
    return json.dumps({name: getattr(page, name) for name in fields})


if __name__ == "__main__":
    out, name, folder, *wet = sys.argv[1:]
    Path(out).write_text(json.dumps(build_reference([Path(p) for p in wet], name, Path(folder))))
