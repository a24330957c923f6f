"""Commands that cannot write large files: what a full disk does to them."""

import sys

_LAUNCH = """\
import os, resource, sys
limit = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
os.execv(sys.argv[2], sys.argv[2:])
"""


def with_files_of_at_most(size: int, command: list[str]) -> list[str]:
    """The command, where a write beyond `size` bytes of a file fails.

    The limit is set by the new process itself: a fork of this one, which may run JAX's threads,
    could hang.
    """
    return [sys.executable, "-c", _LAUNCH, str(size), *command]
