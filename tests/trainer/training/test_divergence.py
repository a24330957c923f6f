from pathlib import Path

import numpy as np
import pytest

from trainer.training.divergence import Diverged, DivergenceGuard
from trainer.training.step import Metrics


def add(guard, step, entropy, norm=1.0):
    batch = {"decoder_target_tokens": np.full((1, 4), step)}
    guard.add(step, Metrics(entropy, entropy, 4.0, 0.0), norm, batch)


@pytest.mark.parametrize(
    ("entropy", "norm"), [(np.nan, 1.0), (np.inf, 1.0), (8.0, np.nan), (90.0, 1.0)]
)
def test_the_first_bad_step_stops_and_its_batch_is_saved(entropy, norm, tmp_path):
    guard = DivergenceGuard(str(tmp_path), spike_factor=10.0)
    for step, values in enumerate([(8.0, 1.0), (entropy, norm), (8.0, 1.0)], start=1):
        add(guard, step, *values)
    with pytest.raises(Diverged, match="step 2: "):
        guard.check()
    saved = np.load(Path(tmp_path, "diverged_2-000.npz"))
    assert saved["decoder_target_tokens"].tolist() == [[2, 2, 2, 2]]


def test_without_a_factor_no_spike_stops_a_run(tmp_path):
    guard = DivergenceGuard(str(tmp_path), spike_factor=0.0)
    for step, entropy in enumerate([8.0, 9000.0, 8.0]):
        add(guard, step, entropy)
    guard.check()
    assert not list(tmp_path.iterdir())


def losses(guard, values):
    """Adds a step for each mean loss, and checks them."""
    for step, loss in enumerate(values):
        add(guard, step, 4.0 * loss)
    guard.check()


def test_small_losses_may_vary_by_a_large_factor(tmp_path):
    losses(DivergenceGuard(str(tmp_path), 10.0, 0.5), [0.008, 0.008, 0.156, 1.0, 0.008])
    with pytest.raises(Diverged, match="loss 6 "):
        losses(DivergenceGuard(str(tmp_path), 10.0, 0.5), [0.008, 0.008, 6.0])


@pytest.mark.parametrize(
    ("loss", "advice"), [(90.0, "go on with --spike_factor=0"), (np.nan, "try --clip_norm=1")]
)
def test_the_advice_changes_what_happens_at_that_step(loss, advice, tmp_path):
    with pytest.raises(Diverged, match=advice) as error:
        losses(DivergenceGuard(str(tmp_path), 10.0, 0.5), [2.0, loss])
    assert "--seed" not in str(error.value)  # it does not change the batch
