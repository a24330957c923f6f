"""C4 from Common Crawl: exactly the reference's documents, tens of times faster.

From Python (docs/python.md):

    >>> import c4forge
    >>> page = c4forge.clean_page('''Home | About
    ... Beavers build dams in rivers and streams.
    ... The dams are made of wood and mud.
    ... The animals live in lodges behind the dams.''')
    >>> page.lines[0].rule
    'clean-page/line-filtered:no_endmark'
    >>> page.text.splitlines()[0]
    'Beavers build dams in rivers and streams.'
    >>> c4forge.filter_text(page.text).kept
    True

Modules, in reading order:

  specs    which C4 is meant: a spec by name, or settings
  pages    `clean_page`: the rule that each line of a page met
  texts    `filter_text`: the filters of a variant, for one text
  corpora  `read_corpus`: the documents of a corpus, one by one or as an Arrow table
  builds   `build`: what `c4forge build` does
  main     the console script `c4forge`: a table of commands
  t5x      the console script `t5x`

A name's module is imported when the name is first used: `import c4forge` costs little.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from runtime.errors import InputRefused, RunFailed, UsageError

if TYPE_CHECKING:
    from c4forge.builds import BuildResult, SplitResult, VariantResult, build
    from c4forge.corpora import Corpus, CorpusDocument, read_corpus
    from c4forge.pages import LineResult, PageResult, clean_page
    from c4forge.texts import FilterResult, filter_text
    from cleaning.filters.own import OwnDocument as Document
    from cleaning.specs import SpecSettings

__all__ = [
    "BuildResult",
    "Corpus",
    "CorpusDocument",
    "Document",
    "FilterResult",
    "InputRefused",
    "LineResult",
    "PageResult",
    "RunFailed",
    "SpecSettings",
    "SplitResult",
    "UsageError",
    "VariantResult",
    "__version__",
    "build",
    "clean_page",
    "filter_text",
    "read_corpus",
]
__version__: str
_PLACES = {
    "BuildResult": "c4forge.builds",
    "Corpus": "c4forge.corpora",
    "CorpusDocument": "c4forge.corpora",
    "Document": "cleaning.filters.own:OwnDocument",
    "FilterResult": "c4forge.texts",
    "LineResult": "c4forge.pages",
    "PageResult": "c4forge.pages",
    "SpecSettings": "cleaning.specs",
    "SplitResult": "c4forge.builds",
    "VariantResult": "c4forge.builds",
    "build": "c4forge.builds",
    "clean_page": "c4forge.pages",
    "filter_text": "c4forge.texts",
    "read_corpus": "c4forge.corpora",
}
"""By name: the module that has it, and its name there if it is another."""


if not TYPE_CHECKING:  # else every name would be known, as an object

    def __getattr__(name: str) -> object:
        """A public name, when it is first used."""
        if name == "__version__":
            value: object = import_module("runtime.cli.version").version()
        elif name in _PLACES:
            module, _, there = _PLACES[name].partition(":")
            value = getattr(import_module(module), there or name)
        else:
            raise AttributeError(f"module 'c4forge' has no attribute {name!r}")
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_PLACES, "__version__"])
