"""Time and memory of training are estimated within their error."""

from dataclasses import replace

import pytest

from vocab.costs import fitting_sample, machine_memory, training_cost
from vocab.recipes import PRESETS, ModelType


@pytest.mark.parametrize("model_type", ModelType)
def test_more_text_takes_more(model_type):
    recipe = replace(PRESETS["t5"].recipe, model_type=model_type)
    costs = [training_cost(recipe, size) for size in (10**6, 10**8, 10**9, 2 * 10**9)]
    assert [c.seconds for c in costs] == sorted(c.seconds for c in costs)
    assert [c.memory_bytes for c in costs] == sorted(c.memory_bytes for c in costs)


def test_measured_runs_are_estimated():
    """docs/vocab.md: 22.3 MB and 33.0 MB of text took 756 MB and 1.17 GB."""
    recipe = PRESETS["t5"].recipe
    assert training_cost(recipe, 22_300_000).memory_bytes == pytest.approx(756e6, rel=0.15)
    assert training_cost(recipe, 33_000_000).memory_bytes == pytest.approx(1.17e9, rel=0.15)


def test_several_languages_take_longer():
    """42.6 MB in 41 languages took 128 s, 22.3 MB of English 21 s, on two cores."""
    recipe = PRESETS["mt5"].recipe
    assert training_cost(recipe, 42_600_000, 41).seconds == pytest.approx(128, rel=0.25)
    assert training_cost(recipe, 22_300_000).seconds == pytest.approx(25, rel=0.25)


def test_a_sample_that_fits_is_found():
    recipe = PRESETS["mt5"].recipe
    fits = fitting_sample(recipe, 8 * 10**9)
    assert training_cost(recipe, fits).memory_bytes <= 8 * 10**9
    assert training_cost(recipe, fits + 10**6).memory_bytes > 8 * 10**9


def test_this_machine_tells_its_memory():
    assert machine_memory() > 10**8


def test_a_machine_too_small_is_warned_of(tmp_path, capsys, monkeypatch):
    import sys

    from corpora.layout import find_corpora
    from tests.corpora.written import write_english
    from vocab import summary

    monkeypatch.setattr(summary, "machine_memory", lambda: 160_000_000)
    shards = find_corpora([str(write_english(tmp_path, 300))])
    big = [replace(shard, size_bytes=10**9) for shard in shards]
    summary.print_cost(PRESETS["t5"].recipe, big, sys.stderr)
    assert (
        "warning: this machine has 160.0 MB of memory; --sample_bytes=" in capsys.readouterr().err
    )
