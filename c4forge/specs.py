"""Which C4 is meant: a spec by name, or settings."""

from cleaning.specs import SPECS, SpecSettings
from cleaning.variants import VARIANTS, Variant, find_variant
from runtime.cli.options import closest
from runtime.errors import UsageError

Spec = str | SpecSettings
"""A spec's name, as `tfds-3.1.0`, `paper` or `fixed`, or settings of your own."""


def find_settings(spec: Spec) -> SpecSettings:
    """The settings of a spec.

    Raises:
      UsageError: there is none of that name; the message lists those that there are.
    """
    if isinstance(spec, SpecSettings):
        return spec
    if spec not in SPECS:
        raise UsageError(f"spec={spec!r}: unknown spec; {closest(spec, SPECS)}")
    return SPECS[spec].settings


def find_row(variant: str) -> Variant:
    """The variant of a name or alias.

    Raises:
      UsageError: there is none of that name; the message lists those that there are.
    """
    row = find_variant(variant)
    if row is None:
        names = [*VARIANTS, "mc4.<language>"]
        raise UsageError(f"variant={variant!r}: unknown variant; {closest(variant, names)}")
    return row
