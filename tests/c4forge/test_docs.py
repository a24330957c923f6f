"""docs/python.md is run from top to bottom, and prints what it says."""

import contextlib
import io
import re

from tests.conftest import REPOSITORY

PAGE = REPOSITORY / "docs" / "python.md"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def steps() -> list[tuple[str, str]]:
    """Blocks of Python, each with the block without a language that follows it."""
    blocks = FENCE.findall(PAGE.read_text())
    assert [language for language, _ in blocks] == ["python", ""] * (len(blocks) // 2)
    return [(code, shown) for (_, code), (_, shown) in zip(blocks[::2], blocks[1::2], strict=True)]


def test_the_page_prints_what_it_says(tmp_path, monkeypatch):
    (tmp_path / "sample").symlink_to(REPOSITORY / "sample")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "notebook"}
    found = steps()
    assert len(found) >= 8
    for code, shown in found:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, str(PAGE), "exec", dont_inherit=True), names)
        assert printed.getvalue() == shown, code
