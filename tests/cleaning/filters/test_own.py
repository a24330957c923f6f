"""Filters that a user brings: found, named, called, and their answers checked."""

import pytest

from cleaning.filters.own import (
    OwnDocument,
    OwnFilter,
    OwnFilterError,
    OwnFilterFailed,
    check_own_filter,
    load_own_filters,
    own_filter_names,
    own_filters_digest,
)

SOURCE = """
def short(document):
    return "under 9 characters" if len(document.text) < 9 else None

NAME = "no function"
"""


@pytest.fixture
def package(tmp_path, monkeypatch) -> str:
    (tmp_path / "my_filters_for_a_test.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(str(tmp_path))
    return "my_filters_for_a_test"


def calling(function) -> OwnFilter:
    return OwnFilter("--filter=mine:function", "function", function)


@pytest.mark.parametrize(
    ("specs", "names"),
    [
        (["a.b:keep"], ("keep",)),
        (["a.b:keep", "a.c:drop"], ("keep", "drop")),
        (["a.b:keep", "c:keep"], ("a.b.keep", "c.keep")),
        (["/x/own.py:keep", "c:keep"], ("x.own.keep", "c.keep")),
        ([], ()),
    ],
)
def test_a_filter_is_called_like_its_function(specs, names):
    assert own_filter_names(specs) == names


@pytest.mark.parametrize("spec", ["", "a.b", "a.b:", ":keep", "a.b:two words", "a:b:c", "a.py"])
def test_another_form_is_refused(spec):
    with pytest.raises(OwnFilterError, match=r"expected package\.module:function, or file\.py"):
        check_own_filter(spec)


def test_a_filter_given_twice_is_refused():
    with pytest.raises(OwnFilterError, match="given twice"):
        own_filter_names(["a:b", "a:b"])


def test_a_function_of_a_module_is_loaded(package):
    (own,) = load_own_filters([f"{package}:short"])
    assert own.reason("few", "http://a.example/", "en", "2019-04-18T12:00:00Z") == (
        "under 9 characters"
    )
    assert own.reason("more than few", "http://a.example/", "en", "") is None


def test_a_function_of_a_file_is_loaded_whatever_the_current_folder(tmp_path, monkeypatch):
    (tmp_path / "own.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    spec = check_own_filter("own.py:short")
    assert spec == f"{tmp_path}/own.py:short"
    monkeypatch.chdir("/")
    (own,) = load_own_filters([spec])
    assert own.reason("few", "", "en", "") == "under 9 characters"


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("no_such_module_here:keep", "No module named .*PYTHONPATH"),
        ("/nowhere/own.py:keep", "cannot be imported"),
        ("my_filters_for_a_test:long", "has no function long; it has short"),
        ("my_filters_for_a_test:NAME", "has no function NAME"),
    ],
)
def test_what_cannot_be_loaded_is_refused(package, spec, said):
    with pytest.raises(OwnFilterError, match=said):
        load_own_filters([spec])


def test_a_module_that_raises_at_import_is_refused(tmp_path):
    (tmp_path / "broken.py").write_text("1 / 0")
    with pytest.raises(OwnFilterError, match="ZeroDivisionError"):
        load_own_filters([f"{tmp_path}/broken.py:keep"])
    with pytest.raises(OwnFilterError, match="ZeroDivisionError"):  # and again
        load_own_filters([f"{tmp_path}/broken.py:keep"])


def test_the_document_has_its_four_fields():
    seen: list[OwnDocument] = []
    calling(seen.append).reason("text", "url", "de", "2019")
    assert seen == [OwnDocument("text", "url", "de", "2019")]


def test_a_function_that_raises_ends_the_run_with_its_page():
    def fail(document):
        raise KeyError("title")

    said = r"KeyError: 'title', on the page http://a\.example/\\x1b\[2J \(en\)"
    with pytest.raises(OwnFilterFailed, match=said):
        calling(fail).reason("text", "http://a.example/\x1b[2J", "en", "")


@pytest.mark.parametrize("answer", [True, False, 0, 3, "", "a\nb", "a/b", "a|b", "x" * 61, ["a"]])
def test_another_answer_ends_the_run(answer):
    with pytest.raises(OwnFilterFailed, match="expected None to keep it, or a short reason"):
        calling(lambda _: answer).reason("text", "http://a.example/", "en", "")


@pytest.mark.parametrize("answer", ["short", "under 200 characters", "zu kurz (de)", "60"])
def test_short_reasons_are_taken(answer):
    assert calling(lambda _: answer).reason("text", "", "en", "") == answer


def test_the_digest_changes_with_the_code(tmp_path):
    digests = set()
    for number, source in enumerate((SOURCE, SOURCE, SOURCE + "# changed\n")):
        path = tmp_path / f"{number % 2}" / "own.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(source)
        folder = tmp_path / f"{number}-copy.py"
        folder.write_text(source)
        digests.add(own_filters_digest(load_own_filters([f"{folder}:short"])))
    assert len(digests) == 2
    assert own_filters_digest(()) == ""


def test_the_digest_is_of_the_module_that_is_named_and_of_the_one_that_defines(
    tmp_path, monkeypatch
):
    """A partial belongs to functools by its class; a name may come from another module."""
    monkeypatch.syspath_prepend(str(tmp_path))
    digests = set()
    for number, word in enumerate(("one", "two")):
        file = tmp_path / f"partial{number}.py"
        file.write_text(
            "import functools\n\ndef base(word, document):\n    return word\n\n"
            f"part = functools.partial(base, {word!r})\n"
        )
        digests.add(own_filters_digest(load_own_filters([f"{file}:part"])))
        defining = f"own_defining_{number}"
        (tmp_path / f"{defining}.py").write_text(SOURCE + f"# {word}\n")
        exporting = tmp_path / f"exporting{number}.py"
        exporting.write_text(f"from {defining} import short\n")
        digests.add(own_filters_digest(load_own_filters([f"{exporting}:short"])))
    assert len(digests) == 4


def test_all_that_cannot_be_loaded_is_told_at_once(tmp_path):
    (tmp_path / "exits.py").write_text("import sys\nsys.exit(7)")
    (tmp_path / "helped.py").write_text("import a_module_beside_the_file")
    with pytest.raises(OwnFilterError) as found:
        load_own_filters([f"{tmp_path}/exits.py:keep", f"{tmp_path}/helped.py:keep", "no.such:f"])
    exits, helped, missing = str(found.value).splitlines()
    assert "SystemExit: 7" in exits
    assert "Modules beside the file" in helped
    assert "No module named 'no'" in missing


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("async def keep(document): ...", "expected a plain function"),
        ("def keep(document):\n    yield", "expected a plain function"),
        ("def keep(): ...", "cannot be called with one document"),
        ("def keep(document, more): ...", "cannot be called with one document"),
    ],
)
def test_no_function_of_one_document_is_refused(tmp_path, source, said):
    (tmp_path / "own.py").write_text(source)
    with pytest.raises(OwnFilterError, match=said):
        load_own_filters([f"{tmp_path}/own.py:keep"])


def test_a_function_that_exits_ends_the_run_with_its_page():
    def leave(document):
        raise SystemExit(4)

    with pytest.raises(OwnFilterFailed, match=r"SystemExit: 4, on the page http://a\.example/"):
        calling(leave).reason("text", "http://a.example/", "en", "")
    with pytest.raises(OwnFilterFailed, match="on a text without a URL"):
        calling(leave).reason("text", "", "en", "")
