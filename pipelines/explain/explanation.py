"""What is told of a page: its records, its lines, and its way through each variant."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSeen:
    """A record of the URL.

    Attributes:
      url: as the crawl has it.
      file: the WET file.
      offset, within: of the gzip member in the file, and of the record in the member's bytes.
      captured: WARC-Date; "" where it is not known.
      newest: True for the capture that is taken, of those with the same normalized URL.
      rule: of reading, that dropped it; "" for a capture.
      reason: of a malformed record.
    """

    url: str
    file: str
    offset: int
    within: int
    captured: str = ""
    newest: bool = False
    rule: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LineSeen:
    """A line of the page as read, and the rule of cleaning that it met; "" if none saw it."""

    text: str
    rule: str


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A span of the page that is dropped as a duplicate.

    Attributes:
      text: of the span: a line, or three sentences.
      rule: that dropped it.
      kept_by: URL of the page that keeps it; that of the page itself for a repeated line.
    """

    text: str
    rule: str
    kept_by: str


@dataclass(frozen=True, slots=True)
class Step:
    """A rule that the page met, and what it was decided by, where there is more to say."""

    rule: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantPath:
    """The way of the page through a variant.

    Attributes:
      variant: its name.
      kept: True if the page is a document; None where the run is not that far, or not known.
      rule: that dropped it; "" if none did.
      steps: the rules that it met, in data-path order.
      duplicates: spans that were dropped.
      spans: number of spans that it had; 0 where none are compared.
      language, probability: under which a filter found it, and how sure; "" and 0 without one.
      split: that its document goes to.
      shard, shards: number of its shard in the split, and how many there are; 0 shards: not known.
      file: of that shard, within the dataset's folder.
      unknown: why `kept` is None.
    """

    variant: str
    kept: bool | None
    rule: str = ""
    steps: tuple[Step, ...] = ()
    duplicates: tuple[Duplicate, ...] = ()
    spans: int = 0
    language: str = ""
    probability: float = 0.0
    split: str = ""
    shard: int = 0
    shards: int = 0
    file: str = ""
    unknown: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """All that happened to a page in a run.

    Attributes:
      url: as asked; "" for a text without one.
      text: where a text came from that is asked about instead of a page of a run; "" for a page.
      normalized: the key that all captures of the page share.
      run, spec: of the run.
      notes: what is not known, or is other than it was in the run.
      records: of the URL, those of captures from the newest on.
      lines: of the newest capture; () where its record could not be read again.
      line_counts: lines by rule, as the run counted them.
      fixes: rules `fixed/…` of what the spec read or cleaned otherwise than the reference.
      variants: of the run.
      near: URLs that are there, if none has the one asked for.
    """

    url: str
    normalized: str
    run: str
    spec: str
    notes: tuple[str, ...] = ()
    records: tuple[RecordSeen, ...] = ()
    lines: tuple[LineSeen, ...] = ()
    line_counts: dict[str, int]
    fixes: tuple[str, ...] = ()
    variants: tuple[VariantPath, ...] = ()
    near: tuple[str, ...] = ()
    text: str = ""

    def found(self) -> bool:
        """True if the run read a record of the URL."""
        return bool(self.records)
