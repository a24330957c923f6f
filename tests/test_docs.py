"""Every row of a table has its row in the docs, and what the docs point to is there."""

import re
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

import pytest

from c4forge.main import COMMANDS
from cleaning.filters.language import IDENTIFIERS
from cleaning.rules import RULES
from cleaning.specs import SETTINGS, SPECS
from cleaning.variants import VARIANTS
from corpora.features import COLUMNS
from corpora.formats import FORMATS, OUTPUT_FORMATS
from pipelines.tokens.formats import TOKEN_FORMATS
from runtime.cli.options import options_of
from runtime.workers.runners import REFUSED_RUNNERS, RUNNERS
from tests.conftest import REPOSITORY
from trainer.arguments import COMMANDS as T5X_COMMANDS
from trainer.config import TrainConfig
from trainer.data.mixtures import MIXINGS
from trainer.data.objectives import OBJECTIVES, Noise, lengths
from trainer.decoding_options import Decoding
from trainer.model.sizes import ARCHITECTURES, SIZES, VERSIONS
from trainer.strategies import SCHEDULES, STRATEGIES
from vocab.recipes import PARAMETERS, PRESETS

OPTIONS = {  # where they do not stand beside the command
    "build": "pipelines.run.options",
    "tokenize": "pipelines.tokens.options",
    "vocab train": "vocab.options",
}
PAGES = sorted(
    [REPOSITORY / "README.md", REPOSITORY / "SECURITY.md", *(REPOSITORY / "docs").glob("*.md")]
)


def page(name: str) -> str:
    return (REPOSITORY / "docs" / name).read_text()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_has_its_row(rule):
    kept = "kept" if rule.keeps else "dropped"
    row = f"| `{rule.name}` | {rule.unit} | {kept} | {rule.meaning} | {rule.paper} |"
    row = f"{row} {rule.reference} |"
    assert row in page("rules.md"), f"docs/rules.md, in the order of RULES: write\n{row}"


def test_rules_stand_in_the_docs_in_data_path_order():
    names = re.findall(r"^\| `([^`]+)` \|", page("rules.md"), re.MULTILINE)
    assert names == [rule.name for rule in RULES]


@pytest.mark.parametrize("name", SETTINGS)
def test_every_choice_has_its_row(name):
    choice = SETTINGS[name]
    values = " | ".join(f"`{getattr(spec.settings, name)}`" for spec in SPECS.values())
    row = f"| `--{name}` | {choice.meaning} | {choice.paper} | {choice.reference} | {values} |"
    assert row in page("fidelity.md"), f"docs/fidelity.md, the table of settings: write\n{row}"


@pytest.mark.parametrize("spec", SPECS.values(), ids=lambda spec: spec.name)
def test_every_spec_has_its_row(spec):
    rows = page("fidelity.md").splitlines()
    dataset = f"`{spec.dataset}/<variant>/{spec.version}` |"
    assert any(row.startswith(f"| `{spec.name}`") and row.endswith(dataset) for row in rows)


@pytest.mark.parametrize("name", IDENTIFIERS)
def test_every_identifier_has_its_row(name):
    assert f"| `{name}` |" in page("fidelity.md")


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=lambda variant: variant.name)
def test_every_variant_has_its_row(variant):
    names = ", ".join(f"`{name}`" for name in (variant.name, *variant.aliases[:1]))
    row = f"| {names} |"
    told = f"README.md, the table of variants: write\n{row} and what it is |"
    assert row.removesuffix(" |") in (REPOSITORY / "README.md").read_text(), told


def test_lines_of_the_reference_are_where_the_docs_say():
    source = pytest.importorskip("tensorflow_datasets").__path__[0]
    rows = re.findall(r"\b(\w+_\w+), (\d{3})\b", page("fidelity.md"))
    assert len(rows) > 15
    files = [
        Path(source, "text", name).read_text().splitlines() for name in ("c4_utils.py", "c4.py")
    ]
    for function, line in rows:
        found = [lines[int(line) - 1] for lines in files if len(lines) >= int(line)]
        assert any(f"def {function}(" in text for text in found), f"{function}, {line}"


@pytest.mark.parametrize("name", [*RUNNERS, *REFUSED_RUNNERS])
def test_every_runner_is_named(name):
    assert f"`{name}`" in page("runners.md")


@pytest.mark.parametrize("row", OUTPUT_FORMATS.values(), ids=lambda row: row.name)
def test_every_output_format_is_shown(row):
    shard = row.shard_path("c4", "train", 0, 1).replace("of-00001", "of-000NN")
    assert shard in page("output.md"), f"docs/output.md, the tree at the top: write {shard}"


@pytest.mark.parametrize("row", COLUMNS.values(), ids=lambda row: row.name)
def test_every_column_has_its_row(row):
    line = f"| `{row.name}` | {row.meaning} |"
    assert line in page("output.md"), f"docs/output.md, More columns: write\n{line}"


@pytest.mark.parametrize("row", OBJECTIVES.values(), ids=lambda row: row.name)
def test_every_objective_has_its_row(row):
    found = lengths(row, 512)
    density = "—" if row.noise in (Noise.NONE, Noise.PREFIX) else f"{row.density:.0%}"
    span = f"{row.mean_span:g}" if row.noise is Noise.SPANS else "—"
    cells = (f"`{row.name}`", row.noise, density, span, row.inputs, row.targets, found.raw,
             found.targets, row.paper or "—")  # fmt: skip
    line = f"| {' | '.join(map(str, cells))} |"
    assert line in page("trainer.md").splitlines(), f"add to docs/trainer.md, Objectives:\n{line}"


@pytest.mark.parametrize("row", SIZES.values(), ids=lambda row: row.name)
def test_every_size_has_its_row(row):
    numbers = (row.layers, row.emb_dim, row.heads, row.head_dim, row.mlp_dim)
    cells = " | ".join(map(str, numbers))
    end = f"| {row.vocab_size:,} | {row.parameters:,} | {row.source} |"
    line = f"| `{row.name}` | {row.version} | {cells} {end}"
    assert line in page("trainer.md"), f"docs/trainer.md, the table of sizes: write\n{line}"


@pytest.mark.parametrize("table", [MIXINGS, VERSIONS, ARCHITECTURES, SCHEDULES])
def test_every_other_row_of_the_trainer_is_there(table):
    assert all(f"| `{row.name}` | {row.meaning} |" in page("trainer.md") for row in table.values())


@pytest.mark.parametrize("row", STRATEGIES.values(), ids=lambda row: row.name)
def test_every_strategy_has_its_row(row):
    line = f"| `{row.name}` | {row.updated} | {row.paper} |"
    assert line in page("trainer.md"), f"docs/trainer.md, Fine-tuning strategies: write\n{line}"


@pytest.mark.parametrize("row", COMMANDS.values(), ids=lambda row: row.name)
def test_every_option_of_a_command_has_its_row(row):
    module = import_module(OPTIONS.get(row.name, row.module))
    table = module.command_line().docs_table()
    told = f"docs/options.md, {row.name}: write this table, of command_line().docs_table()\n{table}"
    assert table in page("options.md"), told


@pytest.mark.parametrize("row", T5X_COMMANDS.values(), ids=lambda row: row.name)
def test_every_command_of_the_trainer_has_its_row(row):
    assert f"| `{row.name}` | {row.meaning} |" in page("trainer.md")


@pytest.mark.parametrize("row", options_of(Decoding), ids=lambda row: row.name)
def test_every_option_of_decoding_has_its_row(row):
    assert row.docs_row() in page("trainer.md")


@pytest.mark.parametrize("row", options_of(TrainConfig), ids=lambda row: row.name)
def test_every_option_of_the_trainer_has_its_row(row):
    assert row.docs_row() in page("trainer.md")


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.name)
def test_every_preset_has_its_row(preset):
    row = next(r for r in page("vocab.md").splitlines() if r.startswith(f"| `{preset.name}` |"))
    base = asdict(PRESETS["t5"].recipe)
    changed = {k: v for k, v in asdict(preset.recipe).items() if v != base[k]}
    told = " ".join(f"`{name}={_plain(value)}`" for name, value in changed.items())
    expected = f"{preset.meaning} | {told or 'the defaults below'} | {preset.source} |"
    assert row == f"| `{preset.name}` | {expected}"


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_parameter_has_its_row(name):
    row, default = PARAMETERS[name], _plain(getattr(PRESETS["t5"].recipe, name))
    spm = f"`{row.spm}`" if row.spm else "–"
    told = f"`{default}`" if default else "none"
    assert f"| `--{name}` | {row.meaning} | {spm} | {told} |" in page("vocab.md")


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize(
    "row", [*FORMATS.values(), *TOKEN_FORMATS.values()], ids=lambda row: row.name
)
def test_every_format_of_shards_has_its_row(row):
    cells = f"| `{row.name}` | {row.meaning} |"
    assert cells in page("vocab.md"), f"docs/vocab.md, the table of formats: write {cells}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_and_commands_lead_somewhere(path):
    text = path.read_text()
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", text):
        assert (path.parent / target).exists(), target
    for target in re.findall(
        r"`((?:tests|cleaning|pipelines|vocab|trainer|sample)/[\w/.]+\.\w+)`", text
    ):
        assert (REPOSITORY / target).exists(), target
    commands = set(re.findall(r"\bmake ([a-z-]+)", text)) - {"it", "what"}
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    assert commands <= targets
    assert "@" not in re.sub(r"--input=@|`@lists`|@FILE|@lists", "", text), "an unfilled figure"
