"""RE2 patterns that write nothing to the terminal: RE2 logs by itself where its room is short."""

import re2

_USUAL_BYTES = 8 << 20  # RE2's own default


def compile_quiet(
    pattern: bytes, *, captures: bool = True, room_bytes: int = _USUAL_BYTES
) -> "re2._Regexp[bytes]":
    """The pattern, compiled.

    Args:
      captures: False if no group is asked for, which is faster.
      room_bytes: for its automaton. With too little the results are the same, but come slowly.
    """
    options = re2.Options()
    options.log_errors = False
    options.never_capture = not captures
    options.max_mem = room_bytes
    return re2.compile(pattern, options)
