"""Language identifiers: what language a text is in, and how sure that is."""

import langdetect_rs

MIN_PROBABILITY = 0.99  # Raffel et al. 2020, section 2.2; TFDS c4_utils.detect_english
ENGLISH_RULE = "english-filter/passed"


def load_langdetect() -> None:
    """Loads langdetect's 55 profiles with the reference's seed; needed once in a process."""
    langdetect_rs.DetectorFactory.seed = 0
    langdetect_rs.detect_langs("Every profile is loaded by the first call.")


def english_rules(text: str) -> tuple[str, ...]:
    """The rules of the English filter that the text meets; (ENGLISH_RULE,) if it is kept.

    langdetect-rs gives langdetect's probabilities to the last bit; `load_langdetect` comes first.
    """
    try:
        predictions = langdetect_rs.detect_langs(text)
    except langdetect_rs.LangDetectException:
        return ("english-filter/filtered:langdetect_exception",)
    if not predictions:
        return ("english-filter/filtered:no_predictions",)
    best = predictions[0]
    if best.prob < MIN_PROBABILITY:
        return ("english-filter/filtered:low_confidence",)
    if best.lang != "en":
        ignored = "english-filter/filtered:ignored_language"
        return (ignored, f"{ignored}-{best.lang}")
    return (ENGLISH_RULE,)
