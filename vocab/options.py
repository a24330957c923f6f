"""The command line of `c4forge vocab train`: every option, checked before any work."""

from dataclasses import dataclass, replace
from typing import get_type_hints

from corpora.formats import FORMATS
from runtime.cli.command_line import CommandLine, Given
from runtime.cli.options import Option, one_of, option, option_of_row, options_of, text_size
from runtime.workers.beam_options import BEAM_OPTIONS
from runtime.workers.runners import RunnerOptions
from vocab.recipes import PARAMETERS, PRESETS, Preset, Recipe, RecipeError

_WHAT, _HOW, _PARAMETERS = "what to train", "how to run", "single parameters"
_EXAMPLES = """\
examples:
  c4forge vocab train --corpus=out/c4/en/3.1.0 --output=out/vocab
  c4forge vocab train --corpus=out/c4/en/3.1.0 \\
      --corpus=out/c4/multilingual/3.1.0 --output=out/t5
  c4forge vocab train --preset=mt5 --size=64000 \\
      --corpus=out/c4/multilingual/3.1.0 --output=out/m
  c4forge vocab train --preset=tiny --corpus=en=books.txt --output=out/tiny
  c4forge vocab train --corpus=gs://bucket/out/c4/en/3.1.0 \\
      --output=gs://bucket/vocab --runner=DataflowRunner --project=P \\
      --region=R --temp_location=gs://bucket/tmp

The same corpus, recipe and seed give the same bytes.
Options of Apache Beam may follow, each as --name=value.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(RunnerOptions):
    """The command line as given, each value valid by itself. Paths are not looked at yet."""

    preset_name: str = option(
        "a published recipe", default="t5", name="preset", group=_WHAT, metavar="NAME",
        parse=one_of(PRESETS, "preset"), table=PRESETS,
    )  # fmt: skip
    corpora: tuple[str, ...] = option(
        "a dataset's folder, a quoted glob, or a file; may be repeated. Of several formats in a "
        "folder the first is read",
        name="corpus", group=_WHAT, metavar="[LANGUAGE=]PATH", parse=str, many=True,
        table=FORMATS,
        notes="\nThe split or the variant's folder says the language; de=PATH states it",
    )  # fmt: skip
    output: str = option(
        "spiece.model, tokenizer.json and recipe.json go there", group=_WHAT, metavar="DIR"
    )
    overwrite: bool = option(
        "replace what another command wrote to the output", default=False, group=_HOW
    )
    recipe: Recipe

    @property
    def preset(self) -> Preset:
        """The row of --preset."""
        return PRESETS[self.preset_name]

    def is_modified(self) -> bool:
        """True if the recipe is not the preset's."""
        return self.recipe != self.preset.recipe


def _parameter_options() -> list[Option]:
    """An option for each parameter of a recipe; not given, the preset's own stands."""
    return [
        option_of_row(
            name, PARAMETERS[name].meaning, kind=kind, group=_PARAMETERS,
            default=getattr(PRESETS["t5"].recipe, name),
            parse=text_size if name == "sample_bytes" else None,
            metavar="SIZE" if name == "sample_bytes" else "",
        )
        for name, kind in get_type_hints(Recipe).items()
    ]  # fmt: skip


def command_line(name: str = "c4forge vocab train") -> CommandLine:
    """The command line, under the name that people typed."""
    return CommandLine(
        name=name,
        meaning="Trains a SentencePiece vocabulary on a corpus.",
        options=(*options_of(Options), *_parameter_options()),
        examples=_EXAMPLES,
        headings={
            _WHAT: "",
            _HOW: "",
            _PARAMETERS: "Each overrides the preset's. Defaults: those of t5.",
        },
        other_names=BEAM_OPTIONS,
    )


def parse_options(arguments: list[str], name: str = "c4forge vocab train") -> Options:
    """The command line's options.

    Raises:
      OptionError: values are wrong or required options are missing; a line each.
      SystemExit: --help was asked for, and is printed.
    """
    given = command_line(name).read(arguments)
    recipe = _recipe(given)
    given.check()
    values = {key: value for key, value in given.values.items() if key not in PARAMETERS}
    values["output"] = values["output"].rstrip("/") or "/"
    return Options(**values, recipe=recipe, beam_arguments=given.others)


def _recipe(given: Given) -> Recipe:
    """The preset's recipe with the parameters that are given; wrong ones are noted."""
    base = PRESETS[given.values["preset_name"]].recipe
    stated = {name: given.values[name] for name in PARAMETERS if given.values[name] is not None}
    try:
        return replace(base, **stated)
    except RecipeError as error:
        messages = [str(error)]
    for name, value in stated.items():  # the others that are wrong by themselves
        try:
            replace(base, **{name: value})
        except RecipeError as error:
            if str(error).startswith(f"--{name}={value}: "):
                messages.append(str(error))
    for line in dict.fromkeys(messages):
        given.add(line)
    return base
