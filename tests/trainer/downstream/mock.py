"""Random examples in the features of a data set, from TFDS. No network."""

import tensorflow_datasets as tfds
from tensorflow_datasets.core.utils import gcs_utils

NOT_MOCKED = ("glue_wnli", "super_glue_wsc", "xnli.en", "xnli.zh")
"""Random words are no Winograd schema, and no names of languages."""
NOT_CHOSEN = ("tydi_qa.bn", "tydi_qa.en")
"""Random ids name no language: these tasks have none of the random examples."""
MOCK_EXAMPLES = 4


def mock_examples(dataset, split):
    """Random examples in the features of a data set."""
    gcs_utils._is_gcs_disabled = True  # TFDS looks for sizes there
    name = dataset.partition(":")[0]
    with tfds.testing.mock_data(num_examples=MOCK_EXAMPLES):
        return list(tfds.load(name, split=split.partition("[")[0]))


def numpy(example):
    if isinstance(example, dict):
        return {key: numpy(value) for key, value in example.items()}
    return example.numpy()
