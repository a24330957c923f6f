"""Imported by the fork server of the process pool: every worker starts with its models loaded."""

import gc
import sys
import threading

from cleaning.filters.badwords import WordCase, load_english, load_matcher
from cleaning.filters.clean_kernel import clean_blocks
from cleaning.filters.compiled import list_checksums
from cleaning.filters.language import IDENTIFIERS
from cleaning.sentences import load_punkt
from pipelines.stages import table

__all__ = ["table"]

_SLOW_SECONDS = 3.0
_told = threading.Timer(
    _SLOW_SECONDS,
    lambda: print(
        "note: the first run on a machine compiles what judges lines, for some 20 s; later ones "
        "find it there",
        file=sys.stderr,
        flush=True,
    ),
)
_told.start()
clean_blocks([b"A first page loads the machine code."])
IDENTIFIERS["langdetect"].load(None)("A first text loads the machine code.")
load_matcher(load_english(), WordCase.AS_LISTED)
# A first sentence makes nltk compile its patterns.
list(load_punkt().span_tokenize("Mr. Smith went. He slept..."))
list_checksums()
_told.cancel()
_told.join()  # no thread lives on through a fork
gc.collect()
gc.freeze()  # workers collect after each task; what is loaded here need not be scanned again
