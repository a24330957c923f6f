"""The measures of a vocabulary as a picture; needs c4forge[plot]."""

import io
from typing import Any

import numpy as np

from vocab.inspection.measures import BINS_AN_OCTAVE
from vocab.inspection.tables import UNSEGMENTED, Inspection

_MOST_LANGUAGES = 24
_CONTEXT = 512  # tokens of T5's inputs
_MOST_UNKNOWN = 0.01
_BLUE, _PALE, _GREY = "#4477aa", "#c3d2e3", "#999999"


def draw_plot(inspection: Inspection) -> bytes:
    """A PNG: lengths of documents, frequencies of pieces, and two measures by language.

    Raises:
      ImportError: matplotlib is not installed.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 8), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(2, 2)
    total = inspection.total()
    figure.suptitle(
        f"{len(total.pieces):,} pieces on {total.documents:,} documents: "
        f"{total.characters_a_token():.2f} characters a token, "
        f"{total.unknown_rate():.2%} unknown"
    )
    _lengths(panels[0][0], inspection)
    _ranks(panels[0][1], inspection)
    _languages(panels[1][0], inspection, "characters a token")
    _languages(panels[1][1], inspection, "tokens a word")
    output = io.BytesIO()
    # No date and no version: the same measures give the same bytes.
    figure.savefig(output, format="png", dpi=110, metadata={"Software": None})
    return output.getvalue()


def _lengths(panel: Any, inspection: Inspection) -> None:
    counts = inspection.total().lengths
    used = np.flatnonzero(counts)
    if not len(used):
        return
    rows = np.arange(used[0], used[-1] + 2)
    edges = 2.0 ** (rows / BINS_AN_OCTAVE)
    panel.stairs(counts[rows[:-1]], edges, fill=True, color=_BLUE)
    panel.set_xscale("log", base=2)
    panel.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    panel.axvline(_CONTEXT, color=_GREY, linestyle="--")
    panel.annotate(
        f"{_CONTEXT}: T5's inputs ", (_CONTEXT, 0.97), xycoords=("data", "axes fraction"),
        va="top", ha="right", color=_GREY,
    )  # fmt: skip
    panel.set(title="Length of documents", xlabel="tokens a document", ylabel="documents")


def _ranks(panel: Any, inspection: Inspection) -> None:
    counts = np.sort(inspection.total().pieces)[::-1]
    share = np.cumsum(counts) / max(int(counts.sum()), 1)
    panel.plot(np.arange(1, len(share) + 1), share, color=_BLUE)
    panel.set_xscale("log")
    panel.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    panel.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    panel.set_ylim(0, 1.02)
    panel.set(
        title=f"Pieces by frequency ({inspection.unused():,} do not occur)",
        xlabel="most frequent pieces",
        ylabel="share of tokens",
    )


def _languages(panel: Any, inspection: Inspection, measure: str) -> None:
    """A bar for each language; it is pale if over 1% of its tokens are unknown."""
    fertility = measure == "tokens a word"
    by_size = sorted(inspection.languages.items(), key=lambda item: (-item[1].tokens, item[0]))
    rows = [
        (name or "text", row.fertility() if fertility else row.characters_a_token(), row)
        for name, row in by_size
        if row.tokens and not (fertility and name in UNSEGMENTED)
    ][:_MOST_LANGUAGES]
    rows.sort(key=lambda row: row[1])
    pale = [row.unknown_rate() > _MOST_UNKNOWN for _, _, row in rows]
    panel.bar(
        [name for name, _, _ in rows],
        [value for _, value, _ in rows],
        color=[_PALE if is_pale else _BLUE for is_pale in pale],
        width=0.7,
    )
    panel.set_xlim(-0.8, max(len(rows), 6) - 0.2)
    if len(rows) <= _MOST_LANGUAGES // 2:
        for at, (_, value, _) in enumerate(rows):
            panel.text(at, value, f"{value:.2f}", ha="center", va="bottom")
    else:
        panel.tick_params(axis="x", rotation=90)
    note = f" (pale: over {_MOST_UNKNOWN:.0%} unknown)" if any(pale) else ""
    panel.set(title=measure.capitalize() + note, ylabel=measure)
