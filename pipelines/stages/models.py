"""Lists, models and filters of a run, as workers load them: each once a process."""

import functools
import hashlib
import json
from dataclasses import dataclass, replace

from cleaning.captures import CaptureRules
from cleaning.document_filters import Resources, load_filters
from cleaning.filters.badwords import BadWords, load_matcher
from cleaning.filters.documents import Decide
from cleaning.filters.domains import Domains, parse_domains
from cleaning.filters.own import load_own_filters
from cleaning.specs import BadWordsScope
from cleaning.variants import REALNEWS_DOMAIN, TextForm
from pipelines.job import Job
from runtime.storage.checked import read_checked, write_checked


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists of a run.

    Attributes:
      bad_words: by language, of the languages that have a list.
      realnews: the domain list as its file holds it; b"" where no variant needs it.
    """

    bad_words: dict[str, BadWords]
    realnews: bytes = b""

    def sha256(self) -> dict[str, str]:
        """The sha256 of each list, by name."""
        found = {f"badwords-{code}": words.sha256() for code, words in self.bad_words.items()}
        if self.realnews:
            found["realnews"] = hashlib.sha256(self.realnews).hexdigest()
        return dict(sorted(found.items()))


def write_lists(path: str, lists: Lists) -> None:
    """Writes the lists for the workers."""
    words = {code: bad_words.lines for code, bad_words in lists.bad_words.items()}
    value = {"bad_words": words, "realnews": lists.realnews.decode()}
    write_checked(path, json.dumps(value, ensure_ascii=False).encode())


@functools.cache
def load_lists(path: str) -> Lists:
    """The lists that `write_lists` wrote."""
    value = json.loads(read_checked(path))
    words = {code: BadWords(code, lines) for code, lines in value["bad_words"].items()}
    return Lists(words, value["realnews"].encode())


@functools.cache
def load_domains(path: str) -> Domains:
    """The RealNews domains among the lists."""
    return parse_domains(load_lists(path).realnews, path)


def load_rules(job: Job) -> CaptureRules:
    """The rules for the run's captures, with the lists that they need."""
    rules = job.rules()
    if rules.has(REALNEWS_DOMAIN):
        rules = replace(rules, domains=load_domains(job.lists_path()))
    if job.settings.bad_words_scope is BadWordsScope.PAGE and TextForm.CLEANED in rules.forms():
        english = load_lists(job.lists_path()).bad_words.get("en")
        if english is not None:
            rules = replace(rules, page_words=load_matcher(english, job.settings.bad_words_case))
    return rules


def load_document_filters(job: Job) -> dict[str, Decide]:
    """The document filters of the run's variants, by name; models load once a process."""
    resources = Resources(
        job.settings,
        load_lists(job.lists_path()).bad_words,
        job.lid_model,
        load_own_filters(job.own_filters),
    )
    return load_filters(job.variants, resources)
