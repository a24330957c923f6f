import pytest
import seqio

from trainer.data.mixtures import MIXINGS, MixtureError, mixing_rates

EXAMPLES = {"big": 10_000, "middle": 900, "small": 25}
RATES = {
    "proportional": {"big": 1000.0, "middle": 900.0, "small": 25.0},
    "temperature": {"big": 1000**0.5, "middle": 30.0, "small": 5.0},
    "equal": {"big": 1.0, "middle": 1.0, "small": 1.0},
    "language": {"big": 10_000**0.3, "middle": 900**0.3, "small": 25**0.3},
}


@pytest.mark.parametrize("mixing", MIXINGS)
def test_rates_of_every_row(mixing):
    assert mixing in RATES, f"add the rates of {mixing!r} to RATES in {__file__}"
    assert mixing_rates(mixing, EXAMPLES, cap=1000, temperature=2) == pytest.approx(RATES[mixing])


@pytest.mark.parametrize("count", [10, 900, 10_000])
def test_rates_are_those_of_seqio(count):
    class Counted:
        cache_dir = "cached"

        def get_cached_stats(self, split):
            return {"examples": count}

    expected = seqio.mixing_rate_num_examples(Counted(), maximum=1000, temperature=3.0)
    assert mixing_rates("temperature", {"a": count}, 1000, 3.0)["a"] == pytest.approx(expected)


def test_empty_tasks_and_bad_numbers_are_refused():
    with pytest.raises(MixtureError, match="needs examples of each task, but none has none"):
        mixing_rates("equal", {"none": 0, "some": 1})
    with pytest.raises(MixtureError, match="mixing_temperature=0"):
        mixing_rates("temperature", EXAMPLES, temperature=0)
