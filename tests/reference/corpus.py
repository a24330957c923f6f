"""TFDS's own C4 pipeline over local WET files: the documents and counters that ours must equal.

    python -m tests.reference.corpus OUT.json WET...

writes {"documents": {url: {text, timestamp, content_type, content_length}}, "counters": {...}}.
"""

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from cleaning.badwords import load_english
from tests.reference.reference import c4

Result = dict[str, dict]


class _Builder:
    """All that `_get_pages_pcollection` asks of a dataset builder."""

    builder_config = next(config for config in c4.C4.BUILDER_CONFIGS if config.name == "en")


class _Downloads:
    download_dir = ""


def build_reference(files: Sequence[Path]) -> Result:
    """Runs TFDS's transforms for the configuration `en`."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        (scratch / "wet.paths").write_text("".join(f"{path}\n" for path in files))
        (scratch / "en").write_text("\n".join(load_english().words()))
        paths = {
            "wet_path_urls": [str(scratch / "wet.paths")],
            "badwords": {"en": str(scratch / "en")},
        }
        c4._download_wet_file = _as_it_is
        options = PipelineOptions(["--runner=BundleBasedDirectRunner"])
        pipeline = beam.Pipeline(options=options)
        pages = c4.C4._get_pages_pcollection(_Builder(), pipeline, paths, _Downloads())
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


def _as_it_is(path: str, dl_dir: str) -> str:
    """Stands for the download of a WET file that is here already."""
    return path


def _encode(page: "c4.PageFeatures") -> str:
    fields = ("url", "text", "timestamp", "content_type", "content_length")
    return json.dumps({name: getattr(page, name) for name in fields})


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(build_reference([Path(p) for p in sys.argv[2:]])))
