"""The paragraph filter of mC4, which takes the place of cleaning there (Xue et al. 2021, 3.1)."""


def has_paragraphs(lines: list[bytes], min_paragraphs: int = 3, min_chars: int = 200) -> bool:
    """True if enough lines of the page are long (TFDS c4_utils.paragraph_filter).

    Args:
      lines: in UTF-8.
      min_paragraphs: how many must be long.
      min_chars: how many characters make a line long.
    """
    if len(lines) < min_paragraphs:
        return False
    # A character takes a byte or more: only lines of so many bytes are worth a look.
    long_lines = [line for line in lines if len(line) >= min_chars]
    found = sum(1 for line in long_lines if line.isascii() or len(line.decode()) >= min_chars)
    return found >= min_paragraphs
