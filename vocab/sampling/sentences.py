"""The sentences that SentencePiece learns from: the lines of a text, long ones cut."""

from collections.abc import Iterator

RESERVED = "▅".encode()
"""U+2585: SentencePiece uses it for unknown characters, and skips sentences that contain it."""


def sentences(text: bytes, max_bytes: int, keep_newlines: bool) -> Iterator[bytes]:
    """The sentences of a text.

    SentencePiece skips sentences that are too long or contain U+2585. To lose no text, long lines
    are cut and the character becomes a space.

    Args:
      text: UTF-8.
      max_bytes: length of a sentence, at most.
      keep_newlines: False for one line per sentence; True for as many lines as fit in one, with the
        newlines between them.
    """
    if RESERVED in text:
        text = text.replace(RESERVED, b" ")
    if keep_newlines and len(text) <= max_bytes:
        yield text
        return
    gathered = b""
    for line in text.split(b"\n"):
        for piece in cut(line, max_bytes) if len(line) > max_bytes else (line,):
            if not keep_newlines:
                if piece:
                    yield piece
            elif gathered and len(gathered) + len(piece) >= max_bytes:
                yield gathered
                gathered = piece
            else:
                gathered = gathered + b"\n" + piece if gathered else piece
    if gathered:
        yield gathered


def cut(line: bytes, max_bytes: int) -> Iterator[bytes]:
    """A line in pieces of at most `max_bytes`: cut at spaces, else between characters."""
    at = 0
    while len(line) - at > max_bytes:
        end = line.rfind(b" ", at + 1, at + max_bytes + 1)
        if end < 0:
            end = at + max_bytes
            while end > at + 1 and line[end] & 0xC0 == 0x80:  # within a character's UTF-8
                end -= 1
        yield line[at:end]
        at = end
    yield line[at:]
