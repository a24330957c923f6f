"""What is told where a Beam runner cannot run: before Beam if possible, never a stack of ours."""

import pytest

from runtime.cli.options import OptionError
from runtime.errors import RunFailed, UsageError
from runtime.workers.runners import RUNNERS, RunnerOptions, open_pipeline, run_pipeline


@pytest.mark.parametrize(
    ("runner", "missing"), [("DataflowRunner", "--project"), ("PortableRunner", "--job_endpoint")]
)
def test_an_option_that_the_runner_needs_is_asked_for(runner, missing):
    with pytest.raises(OptionError, match=f"--runner={runner} needs {missing} too"):
        RunnerOptions(runner=RUNNERS[runner], beam_arguments=("--job_name=c4",)).for_beam()


def test_with_it_the_arguments_name_the_runner():
    options = RunnerOptions(
        runner=RUNNERS["PortableRunner"], num_workers=3, beam_arguments=("--job_endpoint=a:1",)
    )
    assert options.for_beam() == [
        "--job_endpoint=a:1", "--runner=PortableRunner", "--num_workers=3",
    ]  # fmt: skip


def test_what_the_runner_finds_missing_is_a_usage_error():
    with pytest.raises(UsageError, match=r"temp_location[\s\S]*region"):
        open_pipeline(False, ["--runner=DataflowRunner", "--project=my-project"])


def test_an_error_of_the_runner_is_told_without_a_stack():
    class Failing:
        def run(self):
            raise NotImplementedError("no such job server")

    with pytest.raises(RunFailed, match="NotImplementedError: no such job server"):
        run_pipeline(Failing(), False, print)
