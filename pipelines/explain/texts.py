"""A text alone, asked about as the one page of a run."""

from collections.abc import Iterable
from dataclasses import replace
from tempfile import TemporaryDirectory

from pipelines.explain.again import TEXT_URL, plan_text, run_stages
from pipelines.explain.explanation import Explanation
from pipelines.explain.question import explain_page
from pipelines.explain.runs import Run

_ALONE = "No other page is compared: a line is a duplicate only of another line of the text."


def explain_text(text: bytes, source: str, url: str, arguments: Iterable[str]) -> Explanation:
    """What the rules do with a text.

    Args:
      text: in UTF-8.
      source: where it came from.
      url: of its page; "" for none: then nothing is said that its hash decides.
      arguments: options of `c4forge build`: variants, spec, lists, filters.
    Raises:
      UsageError: it is no text, or an option is wrong.
    """
    with TemporaryDirectory() as folder:
        plan = plan_text(text, url, arguments, folder)
        run_stages(plan)
        told = explain_page(Run(plan.job, "", True), url or TEXT_URL)
    paths = told.variants
    if not url:
        paths = tuple(replace(path, split="") for path in paths)
    return replace(
        told, url=url, text=source, variants=paths, notes=(*told.notes, _ALONE),
        normalized=told.normalized if url else "",
    )  # fmt: skip
