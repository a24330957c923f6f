"""Language codes of mC4, and the codes of other identifiers for the same languages."""

UNKNOWN_LANGUAGE = "und"
# The languages of cld3 with at least 10,000 pages in mC4 (TFDS c4.MC4_LANGUAGES).
MC4_LANGUAGES = tuple(
    """
    af am ar az be bg bg-Latn bn ca ceb co cs cy da de el el-Latn en eo es et eu fa fi fil fr
    fy ga gd gl gu ha haw hi hi-Latn hmn ht hu hy id ig is it iw ja ja-Latn jv ka kk km kn ko
    ku ky la lb lo lt lv mg mi mk ml mn mr ms mt my ne nl no ny pa pl ps pt ro ru ru-Latn sd
    si sk sl sm sn so sq sr st su sv sw ta te tg th tr uk ur uz vi xh yi yo zh zh-Latn zu
    """.split()
)
# Codes of langdetect and fastText that differ from mC4's.
MC4_CODES = {
    "tl": "fil",  # Filipino is standardized Tagalog
    "he": "iw",
    "in": "id",
    "jw": "jv",
    "nb": "no", "nn": "no",  # both are written forms of Norwegian
    "zh-cn": "zh", "zh-tw": "zh",
}  # fmt: skip
