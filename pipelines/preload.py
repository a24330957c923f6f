"""Imported by the fork server of the process pool: every worker starts with its models loaded."""

import gc

from cleaning.clean import load_care
from cleaning.language import load_langdetect
from cleaning.sentences import load_punkt
from pipelines import tasks

__all__ = ["tasks"]

load_care()
load_punkt()
load_langdetect()
gc.collect()
gc.freeze()  # workers collect after each task; what is loaded for good is not looked at again
