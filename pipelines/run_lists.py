"""The lists that a run's variants need, found before any work."""

import hashlib
import os
from dataclasses import dataclass

from cleaning.domains import parse_domains
from cleaning.language import IDENTIFIERS
from cleaning.variants import BadWordsFilter, Members, Variant
from pipelines.inputs import Part
from pipelines.job import LID_MODEL, WEBTEXT_LISTS
from pipelines.lists import Lists
from pipelines.options import Options
from pipelines.public_lists import REALNEWS, is_public, load_bad_words, load_domains
from pipelines.url_lists import UrlList, find_url_lists
from vocab.arguments import OptionError
from vocab.storage import exists, is_remote, join, read_bytes

_BESIDE_INPUT = "realnews_domains.json"


@dataclass(frozen=True, slots=True)
class RunLists:
    """What a run's variants are held against.

    Attributes:
      lists: bad words and domains.
      url_lists: of --webtext_urls.
      lid_model_sha256: of --lid_model; "" if none is given.
    """

    lists: Lists
    url_lists: tuple[UrlList, ...]
    lid_model_sha256: str

    def sha256(self) -> tuple[tuple[str, str], ...]:
        """What tells these lists from others, by name."""
        found = dict(self.lists.sha256())
        if self.url_lists:
            keys = "".join(url_list.key() for url_list in self.url_lists)
            found[WEBTEXT_LISTS] = hashlib.sha256(keys.encode()).hexdigest()
        if self.lid_model_sha256:
            found[LID_MODEL] = self.lid_model_sha256
        return tuple(sorted(found.items()))

    def custom(self) -> tuple[str, ...]:
        """Names of the lists that are not the reference's. It pins no URL lists."""
        own = [name for name, sha256 in self.lists.sha256().items() if not is_public(name, sha256)]
        return tuple(own + [LID_MODEL] * bool(self.lid_model_sha256))


def find_lists(options: Options, parts: tuple[Part, ...]) -> RunLists:
    """Everything that the options' variants need.

    Raises:
      OptionError, ListError, UrlListError, BadWordsError, DomainsError: a list is missing or is
        not what it should be.
    """
    languages = _listed_languages(options.variants)
    words = load_bad_words(languages, options.badwords_dir) if languages else {}
    url_lists = _url_lists(options)
    return RunLists(Lists(words, _realnews(options, parts)), url_lists, _lid_model_sha256(options))


def _listed_languages(variants: tuple[Variant, ...]) -> list[str]:
    """Languages whose bad words are looked for, each once."""
    filtered = [v for v in variants if v.bad_words is not BadWordsFilter.NONE]
    return list(dict.fromkeys(code for variant in filtered for code in variant.languages))


def _realnews(options: Options, parts: tuple[Part, ...]) -> bytes:
    if all(v.population.members is not Members.REALNEWS for v in options.variants):
        return b""
    path = options.realnews_domains
    if path is None:
        folder = parts[0].path.rpartition("/")[0]
        beside = [join(folder, _BESIDE_INPUT), join(folder.rpartition("/")[0], _BESIDE_INPUT)]
        path = next((p for p in beside if not is_remote(p) and exists(p)), None)
    data = load_domains(path)
    parse_domains(data, path or REALNEWS.url())
    return data


def _url_lists(options: Options) -> tuple[UrlList, ...]:
    if all(v.population.members is not Members.WEBTEXT for v in options.variants):
        return ()
    if not options.webtext_urls:
        raise OptionError(
            "--variant=webtextlike needs --webtext_urls: URL lists as OpenWebText has them "
            "(OpenWebText.zip, or a folder of texts), or one that python -m pipelines.webtext_urls "
            "makes from Reddit's submissions"
        )
    return find_url_lists(list(options.webtext_urls))


def _lid_model_sha256(options: Options) -> str:
    """Of the model file; the model is tried, so that a wrong one fails before any work."""
    choices = options.choices
    if options.lid_model is None:
        return ""
    if "fasttext" not in (choices.english_identifier, choices.languages_identifier):
        raise OptionError(
            "--lid_model is for the identifier fasttext; add --english_identifier=fasttext or "
            "--languages_identifier=fasttext, or leave it out"
        )
    path = os.path.abspath(options.lid_model)
    IDENTIFIERS["fasttext"].load(path)
    return hashlib.sha256(read_bytes(path)).hexdigest()
