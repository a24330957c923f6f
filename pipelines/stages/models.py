"""The lists a run uses, as workers load them: written once beside the job, read once a process."""

import functools
import hashlib
import json
from dataclasses import dataclass, replace

from cleaning.captures import CaptureRules
from cleaning.document_filters import Models
from cleaning.filters.badwords import BadWords, Matcher, WordCase
from cleaning.filters.domains import Domains, parse_domains
from cleaning.filters.language import (
    IDENTIFIERS,
)
from cleaning.specs import BadWordsScope
from cleaning.variants import LanguageFilter, Members, TextForm
from pipelines.job import Job
from runtime.storage.files import read_bytes, write_bytes


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists in force.

    Attributes:
      bad_words: by language, of the languages that have a list.
      realnews: the domain list as its file holds it; b"" where no variant needs it.
    """

    bad_words: dict[str, BadWords]
    realnews: bytes = b""

    def sha256(self) -> dict[str, str]:
        """Of each list, by name."""
        found = {f"badwords-{code}": words.sha256() for code, words in self.bad_words.items()}
        if self.realnews:
            found["realnews"] = hashlib.sha256(self.realnews).hexdigest()
        return dict(sorted(found.items()))


def write_lists(path: str, lists: Lists) -> None:
    """Writes the lists for the workers."""
    words = {code: bad_words.lines for code, bad_words in lists.bad_words.items()}
    value = {"bad_words": words, "realnews": lists.realnews.decode()}
    write_bytes(path, json.dumps(value, ensure_ascii=False).encode())


@functools.cache
def load_lists(path: str) -> Lists:
    """The lists that `write_lists` wrote."""
    value = json.loads(read_bytes(path))
    words = {code: BadWords(code, lines) for code, lines in value["bad_words"].items()}
    return Lists(words, value["realnews"].encode())


@functools.cache
def load_domains(path: str) -> Domains:
    """The RealNews domains among the lists."""
    return parse_domains(load_lists(path).realnews, path)


@functools.cache
def load_matcher(bad_words: BadWords, case: WordCase) -> Matcher:
    """Finds the words of a list; made once in a process for each."""
    return Matcher(bad_words, case)


def load_rules(job: Job) -> CaptureRules:
    """How the run's captures are treated, with the lists that this takes."""
    rules = job.rules()
    if rules.has(Members.REALNEWS):
        rules = replace(rules, domains=load_domains(job.lists_path()))
    if job.settings.bad_words_scope is BadWordsScope.PAGE and TextForm.CLEANED in rules.forms():
        english = load_lists(job.lists_path()).bad_words.get("en")
        if english is not None:
            rules = replace(rules, page_words=load_matcher(english, job.settings.bad_words_case))
    return rules


def load_models(job: Job) -> Models:
    """The models that the run's variants need; each is loaded once in a process."""
    settings = job.settings
    names = {
        LanguageFilter.ENGLISH: settings.english_identifier,
        LanguageFilter.LANGUAGES: settings.languages_identifier,
    }
    used = {variant.language_filter for variant in job.variants}
    identify = {kind: IDENTIFIERS[names[kind]].load(job.lid_model or None) for kind in used}
    lists = load_lists(job.lists_path()).bad_words
    case = settings.bad_words_case
    matchers = {code: load_matcher(words, case) for code, words in lists.items()}
    as_listed = {}
    if case is WordCase.LOWERED:
        as_listed = {code: load_matcher(words, WordCase.AS_LISTED) for code, words in lists.items()}
    return Models(settings, identify, matchers, as_listed)
