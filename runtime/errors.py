"""Every error of the project says its consequence: what was done, and which exit code follows.

    UsageError      2   an option or a file it names cannot be used; nothing was done
    InputRefused    3   too much of the input is damaged or missing
    RunFailed       1   the work broke off; what is done is kept, the same command goes on from it

`runtime.command` maps them, once for every command. Errors of a package inherit from one of these.
"""


class UsageError(ValueError):
    """An option, or a file that it names, that cannot be used. The message says what to do."""


class InputRefused(RuntimeError):
    """Too much of the input is damaged or missing. The message says where it is listed."""


class RunFailed(RuntimeError):
    """The work broke off. What is done is kept: the same command goes on from it."""
