"""Where a run can run: a row for each Beam runner."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Runner:
    """One row of the table.

    Attributes:
      name: as given to --runner.
      local: True if stages run in this machine's process pool and spill their signatures.
      meaning: one line for --help.
    """

    name: str
    local: bool
    meaning: str


RUNNERS: dict[str, Runner] = {
    runner.name: runner
    for runner in (
        Runner("local", True, "this machine, all cores, nothing to set up (default)"),
        Runner("DataflowRunner", False, "Google Cloud Dataflow; needs c4forge[gcp]"),
        Runner("FlinkRunner", False, "Apache Flink"),
        Runner("SparkRunner", False, "Apache Spark"),
        Runner("PortableRunner", False, "any Beam job server (--job_endpoint)"),
        Runner("PrismRunner", False, "Beam's Prism; downloads its binary"),
    )
}
# Names that people know for the same thing, or that must not be used.
RUNNER_ALIASES = {"DirectRunner": "local", "FnApiRunner": "local"}
REFUSED_RUNNERS = {"DaskRunner": "it loses elements silently (Beam 2.77)"}
