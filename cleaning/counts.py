"""Counts by rule: of the whole run, or of one of its variants."""

Counts = dict[str, int]
"""By rule, or by `variant|rule` where variants differ."""
_SEPARATOR = "|"


def scoped(variant: str, rule: str) -> str:
    """The key of what is counted for one variant."""
    return f"{variant}{_SEPARATOR}{rule}"


def of_variant(counts: Counts, variant: str) -> Counts:
    """By rule: what is counted for the variant, and what is counted for all."""
    own: Counts = {}
    for key, count in counts.items():
        scope, separator, rule = key.rpartition(_SEPARATOR)
        if not separator or scope == variant:
            own[rule] = count
    return own
