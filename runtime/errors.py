"""Every error of the project says its consequence: what was done, and which exit code follows.

    UsageError      2    an option or a file it names cannot be used; nothing was done
    InputRefused    3    too much of the input, or a file that all need, is damaged or missing
    RunFailed       1    the work broke off; what is done is kept, the same command goes on from it
    Terminated      143  SIGTERM: the running tasks ended, the others did not begin

`runtime.command` maps them, once for every command. Errors of a package inherit from one of these.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager


class UsageError(ValueError):
    """Options, or files that they name, that cannot be used. Each line of the message is one."""


class InputRefused(RuntimeError):
    """Too much of the input is damaged or missing, or a file is that cannot be left out.

    The message says where they are listed, or names the file and says what to do.
    """


class RunFailed(RuntimeError):
    """The work broke off. What is done is kept: the same command goes on from it."""


class Terminated(BaseException):
    """SIGTERM ended the work."""


@contextmanager
def planning() -> Iterator[None]:
    """A block in which nothing is written yet: a file that cannot be read is a usage error.

    Raises:
      UsageError: for every OSError, with its message. Failed downloads are OSErrors.
    """
    try:
        yield
    except OSError as error:
        raise UsageError(str(error)) from error


def check_all(checks: Iterable[Callable[[], object]]) -> None:
    """Makes every check.

    Raises:
      UsageError: some raised one or an OSError; a line each.
    """
    errors: list[str] = []
    for check in checks:
        try:
            check()
        except (UsageError, OSError) as error:
            errors.append(str(error))
    if errors:
        raise UsageError("\n".join(dict.fromkeys(errors)))
