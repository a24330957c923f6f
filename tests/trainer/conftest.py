"""The trainer's tests need its packages. Compiled steps are kept for the tests after them."""

import os
import tempfile

import pytest

pytest.importorskip("seqio", reason="needs the trainer's packages: pip install -e '.[trainer]'")
pytest.importorskip("flax", reason="needs the trainer's packages: pip install -e '.[trainer]'")

import jax

_COMPILED = tempfile.TemporaryDirectory(prefix="compiled-")  # removed when the tests end
_CACHE = {
    "jax_compilation_cache_dir": _COMPILED.name,
    "jax_persistent_cache_min_compile_time_secs": 0,
    "jax_persistent_cache_min_entry_size_bytes": 0,
}
for name, value in _CACHE.items():
    jax.config.update(name, value)
    os.environ[name.upper()] = str(value)
