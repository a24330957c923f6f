"""What a bug report needs: the versions of the program, of Python and of the libraries."""

import platform
import textwrap
from importlib import metadata

DECIDING = (
    "apache-beam", "cld3-py", "jax", "numpy", "pyarrow", "sentencepiece", "seqio", "tensorflow",
)  # fmt: skip


def version(package: str = "c4forge") -> str:
    """The version of an installed package; "" if it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def versions(program: str) -> str:
    """The output of --version, whose first line is of the program alone."""
    found = [f"{name} {version(name)}" for name in DECIDING if version(name)]
    machine = f"{platform.system()} {platform.machine()}"
    python = f"Python {platform.python_version()} on {machine}"
    together = [text.replace(" ", "\0") for text in (python, *found)]
    told = textwrap.fill(", ".join(together), 79, break_on_hyphens=False).replace("\0", " ")
    return f"{program} {version() or '(not installed)'}\n{told}"
