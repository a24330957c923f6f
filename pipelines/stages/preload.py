"""Imported by the fork server of the process pool: every worker starts with its models loaded."""

import gc
import sys

import numpy as np

from cleaning.batches.record_kernel import read_records
from cleaning.dedup.sentence_kernel import have_certain_sentences
from cleaning.filters.badwords import WordCase, load_english, load_matcher
from cleaning.filters.clean_kernel import clean_blocks
from cleaning.filters.compiled import code_folder, is_listed, list_checksums
from cleaning.filters.language import IDENTIFIERS
from cleaning.filters.line_kernel import PADDING
from cleaning.sentences import load_punkt
from pipelines.stages import table

__all__ = ["table"]

if not is_listed():
    _later = (
        "the first run on a machine compiles what judges lines, for some 20 s; later ones find it"
        if code_folder()
        else "every run compiles what judges lines, for some 20 s: no cache folder can be written; "
        "C4FORGE_CACHE=FOLDER names one"
    )
    print(f"note: {_later}", file=sys.stderr, flush=True)
clean_blocks([b"A first page loads the machine code."])
read_records(np.frombuffer(bytes(PADDING), np.uint8), np.zeros((0, 4), np.int64))
IDENTIFIERS["langdetect"].load(None)("A first text loads the machine code.")
load_matcher(load_english(), WordCase.AS_LISTED).found_in_all([b"A first text, too."])
have_certain_sentences([b"A first text. It has sentences."], 2)
# A first sentence makes nltk compile its patterns.
list(load_punkt().span_tokenize("Mr. Smith went. He slept..."))
list_checksums()
gc.collect()
gc.freeze()  # workers collect after each task; what is loaded here need not be scanned again
