"""Durations and sizes as people write them."""

import math

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def duration(seconds: float) -> str:
    """Seconds as 0:07, 12:30, 3:00:00."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"


def size(count: int) -> str:
    """Bytes as 512 B, 23.4 kB, 1.2 TB."""
    if count < 1000:
        return f"{count} B"
    power = min(int(math.log10(count)) // 3, len(_UNITS) - 1)
    return f"{count / 1000**power:,.1f} {_UNITS[power]}"
