"""Reports a run: the live line, TensorBoard events, the loss curve and its plot."""

import io
import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TextIO

from clu import metric_writers

from runtime.cli.console import LiveLine
from runtime.storage.files import write_bytes
from runtime.units import duration

CURVE_NAME = "curve.jsonl"
_MOST_METRICS = 6  # in a line


class Progress:
    """The live line of a run, and its loss curve on disk. Use as a context manager."""

    def __init__(
        self, model_dir: str, steps: int, first_host: bool, stream: TextIO | None = None
    ) -> None:
        self._steps, self._first_host = steps, first_host
        self._curve = os.path.join(model_dir, CURVE_NAME)
        if first_host:
            _end_last_line(self._curve)
        self._writer = metric_writers.create_default_writer(
            model_dir, asynchronous=False, just_logging=not first_host
        )
        self._text = ""
        self._line = LiveLine(lambda _: self._text, stream or sys.stderr, quiet=not first_host)

    def __enter__(self) -> "Progress":
        self._line.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._line.__exit__()
        self._writer.close()

    def print_line(self, line: str) -> None:
        """Prints a line, above the live line."""
        self._line.print_above(line)

    def begin(self, what: str) -> None:
        """Shows what is done instead of the last step, until the next one."""
        self._text = what

    def report_step(self, step: int, scalars: Mapping[str, float], seconds_left: float) -> None:
        """Writes the scalars of a step; shows loss and speed."""
        self._write(step, scalars)
        is_first, self._text = (
            not self._text,
            (
                f"step {step:,} of {self._steps:,} · loss {scalars['loss']:.3f} · "
                f"{scalars['tokens_per_second']:,.0f} tokens/s · MFU {scalars['mfu']:.1%} · "
                f"{duration(seconds_left)} left"
            ),
        )
        if is_first or step == self._steps:
            self._line.print()

    def report_evaluation(self, step: int, scalars: Mapping[str, float]) -> None:
        """Writes the scalars of an evaluation and prints its line; nothing if it has no targets."""
        if scalars:
            self._write(step, scalars)
        for line in (held_out_line(scalars), metrics_line(scalars)):
            if line:
                self.print_line(f"step {step:,}: {line}")

    def _write(self, step: int, scalars: Mapping[str, float]) -> None:
        """Appends scalars to the TensorBoard events and to curve.jsonl."""
        self._writer.write_scalars(step, dict(scalars))
        if self._first_host:
            with open(self._curve, "a", encoding="utf-8") as stream:
                stream.write(json.dumps({"step": step, **scalars}) + "\n")


@dataclass(slots=True)
class Throughput:
    """Steps and seconds since the last point of the loss curve.

    Attributes:
      waited: seconds in which the loop waited for data.
    """

    steps: int = 0
    waited: float = 0.0
    began: float = field(default_factory=time.monotonic)

    def rate(self) -> float:
        """Steps a second."""
        return self.steps / max(time.monotonic() - self.began, 1e-9)

    def input_share(self) -> float:
        """Share of the time in which the loop waited for data."""
        return self.waited / max(time.monotonic() - self.began, 1e-9)


def held_out_line(scalars: Mapping[str, float]) -> str:
    """The held-out loss, and how far it is from the unigram entropy of the targets; "" without."""
    if "eval_loss" not in scalars:
        return ""
    loss, entropy = scalars["eval_loss"], scalars["eval_unigram_entropy"]
    side = "below" if loss < entropy else "above"
    return (
        f"held-out loss {loss:.3f} nats/token, {abs(entropy - loss):.3f} {side} the unigram "
        f"entropy of its targets ({entropy:.3f})"
    )


def metrics_line(scalars: Mapping[str, float]) -> str:
    """The scores of tasks, or only their averages if they are many; "" without tasks."""
    own = [name for name in scalars if "/" in name and not name.startswith("eval_")]
    if len(own) > _MOST_METRICS:
        own = [name for name in own if name.endswith("/average")]
    shown = [*own, *(name for name in ("average",) if name in scalars)]
    return ", ".join(f"{name} {scalars[name]:.2f}" for name in shown)


def read_curve(model_dir: str) -> list[dict[str, float]]:
    """The points of a run by step; of a step that was run twice, after a stop, the later point.

    A last line that a full disk or a loss of power cut off is left out.
    """
    path = os.path.join(model_dir, CURVE_NAME)
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8", errors="replace") as stream:
        lines = [line for line in stream if line.endswith("\n")]
    points = {(row["step"], "loss" in row): row for row in map(json.loads, lines)}
    return [points[key] for key in sorted(points)]


def evaluations(model_dir: str, last: int) -> dict[int, dict[str, float]]:
    """The scores of a run's evaluations up to a step, by step."""
    rows = (row for row in read_curve(model_dir) if "loss" not in row)
    return {int(row["step"]): row for row in rows if row["step"] <= last}


def _end_last_line(path: str) -> None:
    """Cuts off what follows the last line break: a line that was not written to its end."""
    if os.path.exists(path):
        with open(path, "rb+") as stream:
            stream.truncate(stream.read().rfind(b"\n") + 1)


def draw_curve(model_dir: str) -> str:
    """Plots loss, held-out loss and unigram entropy by step; returns the path of the PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = read_curve(model_dir)
    figure, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
    lines = (
        ("loss", "train", "-"),
        ("eval_loss", "held-out", "o-"),
        ("eval_unigram_entropy", "unigram entropy of the held-out targets", "--"),
    )
    for name, label, style in lines:
        found = [(row["step"], row[name]) for row in rows if name in row]
        if found:
            axes.plot(*zip(*found, strict=True), style, label=label, markersize=3)
    axes.set(xlabel="step", ylabel="nats per target token")
    axes.legend()
    path = os.path.join(model_dir, "loss.png")
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=120)
    pyplot.close(figure)
    write_bytes(path, image.getvalue())
    return path
