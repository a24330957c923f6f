"""Small files of text that people write: lists of paths, of words, of domains, options.

They come as editors and archives leave them: with a byte order mark, with CRLF, compressed.
"""

import io

from runtime.errors import UsageError
from runtime.storage.content.compression import DAMAGE, open_decompressed
from runtime.storage.content.kinds import kind_of
from runtime.storage.files import open_read

BOM = b"\xef\xbb\xbf"
_MOST_BYTES = 1 << 27


class TextError(UsageError):
    """A file that holds no text that can be read; the message says what it is."""


def read_text(path: str) -> str:
    """The text of a file in UTF-8, plain or compressed, without a byte order mark.

    Raises:
      TextError: it is something else; the message, without the path, follows "cannot be read: ".
    """
    return read_utf8(path).decode()


def read_utf8(path: str) -> bytes:
    """The same, in UTF-8."""
    try:
        with open_read(path) as stored:  # as much of a device as of a file
            packed = stored.read(_MOST_BYTES)
        with open_decompressed(io.BytesIO(packed)) as stream:
            data = packed if len(packed) == _MOST_BYTES else stream.read(_MOST_BYTES)
    except DAMAGE as error:
        raise TextError(str(error)) from None
    if len(data) == _MOST_BYTES:
        raise TextError(f"it has more than {_MOST_BYTES >> 20} MiB")
    check_text(data)
    data = data.removeprefix(BOM)
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise TextError(
            f"it is not UTF-8: byte 0x{data[error.start]:02x} in line {line}; save it as UTF-8"
        ) from None
    return data


def check_text(head: bytes) -> None:
    """Refuses a file whose first bytes, decompressed, are not those of a text in UTF-8.

    Raises:
      TextError: names what they are.
    """
    kind = kind_of(head[: 1 << 12])
    if kind:
        advice = {"UTF": "save it as UTF-8", "arc": "unpack it first"}
        told = next((said for word, said in advice.items() if word in kind), "expected a text")
        raise TextError(f"it is {kind}; {told}")
