"""The trainer's tests need its packages."""

import pytest

pytest.importorskip("seqio", reason="needs the trainer's packages: pip install -e '.[trainer]'")
pytest.importorskip("flax", reason="needs the trainer's packages: pip install -e '.[trainer]'")
