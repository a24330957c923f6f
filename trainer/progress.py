"""What a person sees of a run: a live line, TensorBoard's scalars, the loss curve."""

import json
import os
import sys
import time
from collections.abc import Mapping
from typing import TextIO

from clu import metric_writers
from rich.console import Console
from rich.live import Live
from rich.text import Text

_LINE_SECONDS = 10.0


def clock(seconds: float) -> str:
    """As people write it: 0:07, 12:30, 3:00:00."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"


class Progress:
    """The live line of a run, and its curve on disk. Use as a context manager."""

    def __init__(self, model_dir: str, steps: int, stream: TextIO = sys.stderr) -> None:
        self._steps = steps
        self._curve = os.path.join(model_dir, "curve.jsonl")
        self._writer = metric_writers.create_default_writer(
            model_dir, asynchronous=False, just_logging=False
        )
        self._console = Console(file=stream, highlight=False, markup=False)
        self._text = Text("compiling the step")
        self._live = Live(console=self._console, get_renderable=lambda: self._text, transient=True)
        self._said = 0.0

    def __enter__(self) -> "Progress":
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._live.stop()
        self._writer.close()

    def point(self, step: int, scalars: Mapping[str, float], seconds_left: float) -> None:
        """Takes note of the scalars of a step; says a line of the main ones."""
        self.write(step, scalars)
        self._text = Text(
            f"step {step:,} of {self._steps:,} · loss {scalars['loss']:.3f} · "
            f"{scalars['tokens_per_second']:,.0f} tokens/s · MFU {scalars['mfu']:.1%} · "
            f"{clock(seconds_left)} left"
        )
        now = time.monotonic()
        if not self._console.is_terminal and (
            now - self._said > _LINE_SECONDS or step == self._steps
        ):
            self._said = now
            self._console.print(self._text, soft_wrap=True)

    def write(self, step: int, scalars: Mapping[str, float]) -> None:
        """Adds scalars to TensorBoard's events and to curve.jsonl."""
        self._writer.write_scalars(step, dict(scalars))
        with open(self._curve, "a", encoding="utf-8") as stream:
            stream.write(json.dumps({"step": step, **scalars}) + "\n")


def draw_curve(model_dir: str) -> str:
    """Draws loss and held-out loss by step from curve.jsonl; the PNG's path."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    with open(os.path.join(model_dir, "curve.jsonl"), encoding="utf-8") as stream:
        # After a stop, steps may stand there twice: the later line holds.
        points = {(row["step"], "loss" in row): row for row in map(json.loads, stream)}
    rows = [points[key] for key in sorted(points)]
    figure, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
    for name, label in (("loss", "train"), ("eval_loss", "validation")):
        found = [(row["step"], row[name]) for row in rows if name in row]
        if found:
            axes.plot(*zip(*found, strict=True), label=label)
    axes.set(xlabel="step", ylabel="nats a target token")
    axes.legend()
    path = os.path.join(model_dir, "loss.png")
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
    return path
