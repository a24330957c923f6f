"""The lists a run uses, as workers load them: written once beside the job, read once a process."""

import functools
import hashlib
import json
from dataclasses import dataclass

from cleaning.badwords import BadWords, Matcher, WordCase
from cleaning.domains import Domains, parse_domains
from vocab.storage import read_bytes, write_bytes


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
