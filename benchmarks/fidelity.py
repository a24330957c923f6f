"""Documents by variant and spec, and the effect of each setting of a spec alone: Markdown tables.

    python -m benchmarks.fidelity --wet=DIR --refs=DIR

Every figure of docs/fidelity.md but the peers' comes from here.
"""

import argparse
import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cleaning.specs import REFERENCE, SETTINGS, SPECS
from cleaning.variants import VARIANTS
from tests.runs.runs import language_of, plan, read_jsonl, run_stages

Documents = dict[str, tuple[str, str, int]]
"""By URL: digest of the text, language, bytes."""


@dataclass(frozen=True)
class Inputs:
    """The input and the folder of all runs.

    Attributes:
      arguments: of the command.
      folder: for output.
    """

    arguments: tuple[str, ...]
    folder: Path

    def build(self, *arguments: str) -> dict[str, Documents]:
        """The documents of each variant of a run."""
        output = self.folder / hashlib.sha256(repr(arguments).encode()).hexdigest()[:12]
        todo = plan(output, "--format=jsonl", *self.arguments, *arguments)
        run_stages(todo)
        return {
            variant.name: {
                document["url"]: (
                    hashlib.sha1(document["text"].encode()).hexdigest(),
                    language_of(split),
                    len(document["text"].encode()),
                )
                for split, document in read_jsonl(
                    output, todo.job.dataset_folder(variant), with_split=True
                )
            }
            for variant in todo.job.variants
        }


def compare(before: Documents, after: Documents) -> tuple[int, int, int]:
    """How many documents are gone, new, and changed in text or language."""
    both = before.keys() & after.keys()
    changed = sum(before[url][:2] != after[url][:2] for url in both)
    return len(before.keys() - both), len(after.keys() - both), changed


def spec_rows(by_spec: dict[str, dict[str, Documents]]) -> Iterator[str]:
    """Documents and bytes by variant and spec."""
    yield "| variant | " + " | ".join(f"`{spec}`" for spec in by_spec) + " |"
    yield "|---|" + "---|" * len(by_spec)
    for variant in VARIANTS:
        cells = []
        for built in by_spec.values():
            size = sum(found[2] for found in built[variant].values())
            cells.append(f"{len(built[variant]):,} documents, {size / 1e6:.1f} MB")
        yield f"| `{variant}` | " + " | ".join(cells) + " |"


def setting_rows(inputs: Inputs, spec: str, before: dict[str, Documents]) -> Iterator[str]:
    """The documents that each setting of a spec changes alone, in `en` and `multilingual`."""
    yield "| setting | | `en`: gone, new, changed | `multilingual`: gone, new, changed |"
    yield "|---|---|---|---|"
    for name in SETTINGS:
        value = getattr(SPECS[spec].settings, name)
        if value != getattr(REFERENCE, name):
            after = inputs.build("--variant=en,multilingual", f"--{name}={value}")
            cells = [
                "{:,}, {:,}, {:,}".format(*compare(before[variant], after[variant]))
                for variant in ("en", "multilingual")
            ]
            yield f"| `--{name}` | `{value}` | {cells[0]} | {cells[1]} |"


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--wet", type=Path, required=True)
    parser.add_argument("--refs", type=Path, required=True)
    options = parser.parse_args()
    arguments = (
        f"--input={options.wet.resolve()}",
        f"--badwords_dir={options.refs / 'badwords'}",
        f"--realnews_domains={options.refs / 'domain_to_allowed_subdomains.json'}",
        f"--webtext_urls={options.refs / 'webtext'}",
    )
    with tempfile.TemporaryDirectory() as folder:
        inputs = Inputs(arguments, Path(folder))
        by_spec = {spec: inputs.build("--variant=all", f"--spec={spec}") for spec in SPECS}
        print("\n".join(spec_rows(by_spec)), flush=True)
        for spec in list(SPECS)[1:]:
            print(f"\nSettings of `{spec}`, each alone\n")
            for row in setting_rows(inputs, spec, by_spec["tfds-3.1.0"]):
                print(row, flush=True)


if __name__ == "__main__":
    main()
