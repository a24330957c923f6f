"""The table of rules against the reference's source."""

import inspect

import pytest

from cleaning.rules import RULES
from tests.reference.reference import c4_utils

COUNTED_THERE = [rule for rule in RULES if rule.reference]


@pytest.mark.parametrize("rule", COUNTED_THERE, ids=[rule.name for rule in COUNTED_THERE])
def test_the_reference_counts_the_rule_where_the_table_says(rule):
    source = inspect.getsource(getattr(c4_utils, rule.reference.split()[0]))
    assert f'"{rule.name.partition("/")[2]}"' in source
