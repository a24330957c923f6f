"""Options from a TOML file: every option is a key, and the command line has the last word."""

import tomllib
from collections.abc import Collection, Sequence

from runtime.cli.options import OptionError
from runtime.errors import UsageError
from runtime.storage.content.texts import read_text
from runtime.storage.matching import local_path


class ConfigError(OptionError):
    """A configuration file that cannot be used; the message names it and what was expected.

    Attributes:
      arguments: those that can be used, without --config.
    """

    def __init__(self, message: str, arguments: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.arguments = [*arguments]


def with_config(arguments: list[str], flags: Collection[str] = ()) -> list[str]:
    """The arguments with those of `--config=FILE` before them, but for options given anyway.

    Args:
      flags: options that take true or false, and are true by default for some.
    Raises:
      ConfigError: the file cannot be read or holds keys that are no options.
    """
    paths, rest = _take_config(arguments)
    if not paths:
        return rest
    path = paths[0]
    if not all(paths):
        raise ConfigError("--config: expected a TOML file, as --config=run.toml", rest)
    if len(paths) > 1:
        raise ConfigError(f"--config is given {len(paths)} times: expected one TOML file", rest)
    try:
        values = tomllib.loads(read_text(local_path(path)))
    except (UsageError, OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"--config={path}: cannot be read as TOML: {error}", rest) from None
    given = {argument.partition("=")[0] for argument in rest}
    from_file: list[str] = []
    errors: list[str] = []
    for name, value in values.items():
        if f"--{name}" not in given:
            stated = "true" if value else "false"
            is_flag = name in flags and isinstance(value, bool)
            try:
                from_file += [f"--{name}={stated}"] if is_flag else _arguments(path, name, value)
            except ConfigError as error:
                errors.append(str(error))
    if errors:
        raise ConfigError("\n".join(errors), from_file + rest)
    return from_file + rest


def _take_config(arguments: list[str]) -> tuple[list[str], list[str]]:
    """The files that --config names, "" for one without a name, and the other arguments."""
    paths: list[str] = []
    rest: list[str] = []
    remaining = iter(arguments)
    for argument in remaining:
        if argument == "--config":
            paths.append(next(remaining, ""))
        elif argument.startswith("--config="):
            paths.append(argument.partition("=")[2])
        else:
            rest.append(argument)
    return paths, rest


def _arguments(path: str, name: str, value: object) -> list[str]:
    if name == "config":
        raise ConfigError(f"--config={path}: config: a file names no other; give one file")
    if isinstance(value, bool):
        return [f"--{name}"] if value else []
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str | int | float) for item in values):
        raise ConfigError(
            f"--config={path}: {name} = {value!r}: expected text, a number, true, false, "
            "or a list of these; options are top-level keys, without tables"
        )
    return [f"--{name}={item}" for item in values]
