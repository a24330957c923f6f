import pytest

from trainer.downstream.task import DownstreamError
from trainer.downstream.templates import Template


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("premise: {premise}", "premise: It rained."),
        ("{premise}{number}", "It rained.7"),
        ("no fields", "no fields"),
        ("", ""),
        ("{{x}} {premise}}}", "{x} It rained.}"),
    ],
)
def test_names_stand_for_fields(text, rendered):
    template = Template.parse("inputs", text)
    assert template.render({"premise": "It rained.", "number": 7}) == rendered


@pytest.mark.parametrize(
    "text", ["{a.b}", "{a[0]}", "{a!r}", "{a:>9}", "{}", "{0.x}", "{a", "a}", "{ a }", "{a:{b}}"]
)
def test_anything_but_a_name_is_refused(text):
    with pytest.raises(DownstreamError, match=r"inputs = .*expected names of fields in braces"):
        Template.parse("inputs", text)


def test_braces_in_a_field_are_text():
    assert Template.parse("inputs", "{a}").render({"a": "{b} {c.d}"}) == "{b} {c.d}"


def test_missing_fields_and_lists_are_refused():
    template = Template.parse("inputs", "{premise}")
    with pytest.raises(DownstreamError, match=r"inputs: no field \{premise\}.*there is text"):
        template.render({"text": "a"})
    with pytest.raises(DownstreamError, match=r"expected a text or a number.*got list"):
        template.render({"premise": ["a"]})
