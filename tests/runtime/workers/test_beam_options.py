"""The table of Beam's options is that of the installed Beam."""

from runtime.workers.beam_options import BEAM_OPTIONS, installed_names


def test_the_table_has_every_option_of_beam():
    assert sorted(BEAM_OPTIONS) == installed_names()
