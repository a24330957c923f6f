"""One run of the sample in all variants, which the tests here ask and none changes."""

from pathlib import Path

import pytest

from tests.runs.runs import plan, run_stages


@pytest.fixture(scope="session")
def output(tmp_path_factory, sample, all_variants) -> Path:
    """Its output, with its work."""
    output = tmp_path_factory.mktemp("asked")
    run_stages(plan(output, f"--input={sample}", *all_variants, "--shards=3"))
    return output
