"""Language codes of mC4, and the codes of other identifiers for the same languages."""

import difflib
from collections.abc import Iterator

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
# Names that people try, beside those above: of ISO 639-1 and BCP 47, and ISO 639-2 and 639-3.
_OTHER_CODES = {"ji": "yi", "bokmal": "no", "nynorsk": "no"} | dict(
    pair.split(":")
    for pair in """
    afr:af amh:am ara:ar arb:ar aze:az azj:az bel:be bul:bg ben:bn cat:ca cos:co ces:cs cze:cs
    cym:cy wel:cy dan:da deu:de ger:de ell:el gre:el eng:en epo:eo spa:es est:et ekk:et eus:eu
    baq:eu fas:fa per:fa pes:fa fin:fi tgl:fil fra:fr fre:fr fry:fy gle:ga gla:gd glg:gl guj:gu
    hau:ha hin:hi hat:ht hun:hu hye:hy arm:hy ind:id ibo:ig isl:is ice:is ita:it heb:iw jpn:ja
    jav:jv kat:ka geo:ka kaz:kk khm:km kan:kn kor:ko kur:ku kmr:ku kir:ky lat:la ltz:lb lao:lo
    lit:lt lav:lv lvs:lv mlg:mg plt:mg mri:mi mao:mi mkd:mk mac:mk mal:ml mon:mn khk:mn mar:mr
    msa:ms may:ms zsm:ms mlt:mt mya:my bur:my nep:ne npi:ne nld:nl dut:nl nor:no nob:no nno:no
    nya:ny pan:pa pol:pl pus:ps pbt:ps por:pt ron:ro rum:ro mol:ro mo:ro rus:ru snd:sd sin:si
    slk:sk slo:sk slv:sl smo:sm sna:sn som:so sqi:sq alb:sq als:sq srp:sr sot:st sun:su swe:sv
    swa:sw swh:sw tam:ta tel:te tgk:tg tha:th tur:tr ukr:uk urd:ur uzb:uz uzn:uz vie:vi xho:xh
    yid:yi ydd:yi yor:yo zho:zh chi:zh cmn:zh zul:zu
    """.split()
)


def find_mc4_code(code: str) -> str | None:
    """The code by which mC4 knows the language of another code; None if that is not known.

    Case, `_` for `-`, and regions do not matter: `DE`, `pt-BR`, `zh_Hans`, `ru-latn`.
    """
    by_lower_case = {known.lower(): known for known in MC4_LANGUAGES}
    tried = code.lower().replace("_", "-")
    for name in (tried, tried.partition("-")[0]):
        name = (MC4_CODES | _OTHER_CODES).get(name, name)
        if name.lower() in by_lower_case:
            return by_lower_case[name.lower()]
    return None


def explain_code(code: str, prefix: str = "mc4.") -> str:
    """A sentence about a code that mC4 does not have: what cld3 calls the language, near codes.

    Args:
      prefix: what stands before a code where it was given.
    """
    if code == UNKNOWN_LANGUAGE:
        return "it is no language, but a split of multilingual, for pages of uncertain language"
    known = find_mc4_code(code)
    if known is not None:
        return f"codes are cld3's, which calls it {known!r}; did you mean {prefix}{known}?"
    near = ", ".join(_near_codes(code.lower())) or ", ".join(MC4_LANGUAGES)
    return f"mC4 has no such language; codes are cld3's. Near ones: {near}"


def _near_codes(code: str) -> Iterator[str]:
    """Codes with the same first letter, or much alike."""
    alike = difflib.get_close_matches(code, MC4_LANGUAGES, n=5, cutoff=0.6)
    yield from dict.fromkeys([*alike, *(c for c in MC4_LANGUAGES if code and c[0] == code[0])])
