"""Imported by the fork server of the process pool: every worker starts with its models loaded."""

import gc

from cleaning.badwords import load_english
from cleaning.clean import load_care
from cleaning.sentences import load_punkt
from pipelines import tasks
from pipelines.finish import load_models

__all__ = ["tasks"]

load_care()
load_models(load_english())
# A first sentence makes nltk compile its patterns.
list(load_punkt().span_tokenize("Mr. Smith went. He slept..."))
gc.collect()
gc.freeze()  # workers collect after each task; what is loaded for good is not looked at again
