"""The same graph builds for Dataflow, translated offline; no step groups text."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from pipelines.corpus import BuildCorpus
from pipelines.job import inputs_digest
from pipelines.sources.wet_files import Part
from pipelines.stages import transform as stages
from pipelines.stages.blocks import CAPTURE, FLAGS, LISTED, SPAN
from pipelines.stages.table import STAGES
from pipelines.stages.transform import Transport
from tests.runs.runs import plan


@pytest.fixture(scope="module")
def translated(sample, all_variants):
    """The Dataflow job of a run on 90,000 files, as it would be submitted."""
    files = tuple(Part(n, f"gs://bucket/wet/{n}.gz", 1, 0.0, 0, 1) for n in range(90_000))
    options = PipelineOptions(
        [
            "--runner=DataflowRunner",
            "--project=project",
            "--region=us-central1",
            "--staging_location=gs://bucket/staging",
            "--temp_location=gs://bucket/temp",
            "--job_name=c4",
            "--dry_run=True",
            "--no_auth",
            "--sdk_location=container",
        ]
    )
    job = replace(
        plan(Path("unused"), f"--input={sample}", *all_variants).job,
        output="gs://bucket/out", work="gs://bucket/work", part_count=len(files),
        inputs_digest=inputs_digest(files), url_list_count=3,
    )  # fmt: skip
    pipeline = beam.Pipeline(options=options)
    pipeline | BuildCorpus(job, Transport.SHUFFLE)
    return pipeline.run().job


def groupings(proto) -> Iterator[tuple[str, list[str]]]:
    for transform in proto.components.transforms.values():
        if transform.spec.urn == "beam:transform:group_by_key:v1":
            yield transform.unique_name, list(transform.inputs.values())


def test_the_graph_translates_for_dataflow(translated):
    steps = {t.unique_name for t in translated.proto_pipeline.components.transforms.values()}
    for stage in (*STAGES, "publish"):
        assert any(f"/{stage}" in step for step in steps), stage


def test_its_size_does_not_grow_with_the_input(translated):
    assert translated.proto_pipeline.ByteSize() < 1_000_000  # Dataflow takes at most 10 MB


def test_only_signatures_tasks_and_counts_are_grouped(translated):
    allowed = ("group", "spread", "sum", "report", "counts")
    found = [name for name, _ in groupings(translated.proto_pipeline)]
    assert len(found) >= 5
    for name in found:
        steps = name.split("/")
        assert any(step in allowed or "CombinePerKey" in step for step in steps), name


def test_what_passes_through_a_grouping_is_fixed_width(tmp_path, sample, all_variants, monkeypatch):
    """Every element that the shuffled graph groups, seen on its way in."""
    log = str(tmp_path / "seen")

    def spy(element):
        _, value = element
        with open(log, "a") as stream:  # functions are pickled: what they see stays in files
            stream.write(f"{getattr(value, 'dtype', type(value).__name__)}\n")
        return element

    class Spied(beam.PTransform):
        def expand(self, streams):
            watched = {
                tag: stream | f"see {tag}" >> beam.Map(spy) for tag, stream in streams.items()
            }
            return watched | "watched" >> beam.CoGroupByKey()

    class Namespace:
        def __getattr__(self, name):
            return Spied if name == "CoGroupByKey" else getattr(beam, name)

    monkeypatch.setattr(stages, "beam", Namespace())
    todo = plan(tmp_path, f"--input={sample}", *all_variants)
    todo.write()
    with beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions([])) as pipeline:
        pipeline | BuildCorpus(todo.job, Transport.SHUFFLE)
    kinds = {str(CAPTURE), str(LISTED), str(SPAN), str(FLAGS), "Part", "Bucket"}
    assert set(Path(log).read_text().splitlines()) == kinds
