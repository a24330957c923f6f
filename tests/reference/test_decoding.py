"""Beam search beside t5x's, on random decoders."""

import importlib.util

import pytest

pytest.importorskip("flax", reason="needs the trainer's packages: pip install -e '.[trainer]'")
if not (importlib.util.find_spec("t5x") and importlib.util.find_spec("t5x.decoding")):
    pytest.skip("needs t5x from source on PYTHONPATH", allow_module_level=True)

from tests.trainer.model.beam_goldens import search_with_t5x
from tests.trainer.model.recurrent import cases
from tests.trainer.model.test_beams import assert_equal, search


@pytest.mark.parametrize("case", cases(60))
def test_the_search_is_t5xs(case):
    assert_equal(search(case), search_with_t5x(case))
