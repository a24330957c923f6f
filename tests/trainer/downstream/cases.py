"""Hand-made examples of every row in the features of its data set, with predicted texts.

(example, prediction); the prediction is None where an example has no label to compare with.
"""

from trainer.downstream.table import DOWNSTREAM_TASKS

UNLABELLED = -1
SENTENCES = (
    "The cat sat on the old stone, and it rained.",
    'She asked: "Who wrote «Über den Fluß»?"',
    "50% of $3.20 isn't much (or is it?)",
    "Two  spaces,\ta tab and a_b.",
    "Old roofs leak.",
    "No.",
)


def labelled(fields, labels, predictions, **fixed):
    """An example for each (label, prediction), its fields filled from SENTENCES in turn."""
    return [
        (
            {
                field: SENTENCES[(number + place) % len(SENTENCES)]
                for place, field in enumerate(fields)
            }
            | fixed
            | {"label": label, "idx": number},
            prediction,
        )
        for number, (label, prediction) in enumerate(zip(labels, predictions, strict=True))
    ]


def two(no, yes, fields, **fixed):
    """Right, wrong, unknown, badly cased and unlabelled, for two labels."""
    labels = [0, 1, 1, 0, 1, 0, 1, UNLABELLED]
    predictions = [no, yes, no, yes, f"{yes}s", no.upper(), yes, None]
    return labelled(fields, labels, predictions, **fixed)


def three(labels, fields):
    numbers = [0, 1, 2, 2, 1, 0, 0, UNLABELLED]
    one, other, third = labels
    return labelled(fields, numbers, [one, other, third, one, "", other, one, None])


PAIR, NLI = ("sentence1", "sentence2"), ("premise", "hypothesis")
ENTAILMENT, MNLI = ("entailment", "not_entailment"), ("entailment", "neutral", "contradiction")
STSB = [(0.0, "0.0"), (1.8, "1.8"), (2.5, "2.6"), (3.5, "3"), (4.99, "5.0"), (0.1, "about 1"),
        (1.1, "1.2"), (3.3, "nan?"), (5.0, ""), (0.5, "0.4")]  # fmt: skip


def multirc():
    paragraph = "<b>Sent 1: </b>The cat sat.<br><b>Sent 2: </b>It rained on <i>old</i> roofs.<br>"
    cells = [(0, 0, 1, "True"), (0, 1, 0, "False"), (1, 0, 1, "False"), (1, 1, 0, "False"),
             (2, 0, 1, "True"), (2, 1, 1, "true"), (3, 0, 0, "")]  # fmt: skip
    return [
        (
            {
                "paragraph": paragraph,
                "question": f"What did {question}<br>do?",
                "answer": f"it <b>sat</b> {answer}",
                "idx": {"paragraph": 7, "question": question, "answer": answer},
                "label": label,
            },
            prediction,
        )
        for question, answer, label, prediction in cells
    ]


def record():
    passage = (
        "Ada met Babbage in London.\n@highlight\nThey spoke of an engine\n@highlight\n"
        "“It weaves”\n@highlight\nShe wrote notes!\n@highlight\nHe did 'not'\n@highlight\nend"
    )
    queries = [
        (["Ada", "Lovelace"], ["lovelace", "Ada"]),
        (["the Analytical Engine"], ["Analytical engine."]),
        (["London"], ["Paris, London"]),
        ([], [None]),
    ]
    examples = []
    for number, (answers, predictions) in enumerate(queries):
        example = {
            "passage": passage,
            "query": f"In {number}, @placeholder was there",
            "entities": ["Ada", "London", "Babbage", "the Analytical Engine"],
            "answers": answers,
            "idx": {"passage": number % 2, "query": number},
        }
        examples.append((example, predictions))
    return examples


def wsc():
    cells = [
        ("Mitchell asked Tom if he could lend some money.", "Tom", "he", 4, 1, "Tom"),
        ("Mitchell asked Tom if he could lend some money.", "Mitchell", "he", 4, 0, "Tom"),
        ("The big bunny saw the dog and it ran", "The big bunny", "it", 7, 1, "the bunny"),
        ("Bob knew that Ann took his hat X and left", "Bob's hat", "his", 5, 0, "Bob"),
        ("Jim said that they X were late , they", "Jim", "they", 8, 1, "His"),
        (
            "The boy continued to whip the pony , and eventually the pony threw him over. John "
            'laughed out quite loud. "Good for him," he said. ',
            "The boy", "him", 20, 1, "BOY",
        ),
        (
            "When they had eventually calmed down a bit , and had gotten home, Mr. Farley put the "
            "magic pebble in an iron safe . Some day they might want to use it , but really for "
            "now, what more could they wish for?",
            "The magic pebble", "it", 29, 1, "pebbles",
        ),
    ]  # fmt: skip
    return [
        (
            {"text": text, "span1_text": one, "span2_text": two, "span1_index": 0,
             "span2_index": index, "label": label, "idx": number},
            prediction,
        )
        for number, (text, one, two, index, label, prediction) in enumerate(cells)
    ]  # fmt: skip


WNLI = [
    ("The fish ate the worm. It was tasty.", "The worm was tasty.", 1, "the worm"),
    ("The fish ate the worm. It was hungry.", "The worm was hungry.", 0, "The fish"),
    ("Jane gave Joan candy because she was hungry.", "Joan was hungry.", 1, "Joan"),
    ("I put the cake away in the fridge. It has a lot of butter in it.",
     "The cake has a lot of butter in it.", 1, "butter"),
    ("Ann asked Mary what time the library closes, but she had forgotten.",
     "Mary had forgotten.", 1, ""),
    ("Sam pulled up a chair to the piano, but his leg was broken.",
     "The chair's leg was broken.", 0, "chair"),
]  # fmt: skip

DPR = [
    ("Bob asked Tom if he can lend some money.", "he", ["Bob", "Tom"], 1, "Tom"),
    ("The bird ate the pie; Dan saw it, and it flew.", "it", ["The bird", "the pie"], 0, "bird"),
    ("Ann told them. The boys left them.", "them", ["Ann", "The boys"], 1, "The boys"),
]


def questions(languages=False):
    answers = [["the old stone", "stone"], ["«Über den Fluß»"], ["1,600", "1600 m"], ["It rained!"],
               ["an Apple", "पानी बहुत, ठंडा है।"], ["猫坐在石头上"]]  # fmt: skip
    predictions = ["Stone", "uber den fluß", "the 1600", "it rained.", "पानी ठंडा", "猫 坐在"]
    tydi = ("english", "english", "bengali", "bengali", "finnish", "bengali")
    return [
        (
            {
                "id": f"{tydi[number]}--{number}-0" if languages else f"q{number}",
                "title": "Old_roofs",
                "question": f"Where did it (the cat) sit, {number}?  No: who's there?",
                "context": SENTENCES[number] + "\n\nAnd then… it left—so they say. " + answer[0],
                "answers": {"text": answer, "answer_start": [0] * len(answer)},
            },
            prediction,
        )
        for number, (answer, prediction) in enumerate(zip(answers, predictions, strict=True))
    ]


CLOSED_BOOK = [
    (
        "who wrote it",
        ["Ada Lovelace", "Lovelace", "Countess of Lovelace"],
        "the countess of lovelace",
    ),
    ("where is the Eiffel Tower?", ["Paris"], "paris, france"),
    ("when", ["1,843", "A.D. 1843"], "‘1843’"),
    ("what", ["rain_fall"], "rain fall"),
]


def trivia_qa():
    return [
        ({"question": question, "question_id": question,
          "answer": {"value": answers[0], "aliases": answers,
                     "normalized_aliases": [answer.lower() for answer in answers]}}, prediction)
        for question, answers, prediction in CLOSED_BOOK
    ]  # fmt: skip


def translations(language):
    targets = ["Die Katze saß auf dem alten Stein.", "Wer hat es geschrieben?", "50 % von 3,20 $."]
    predictions = ["Die Katze saß auf dem Stein.", "Wer schrieb es?", "50 % von 3,20 $."]
    return [
        ({"en": SENTENCES[number], language: target}, prediction)
        for number, (target, prediction) in enumerate(zip(targets, predictions, strict=True))
    ]


SUMMARIES = [
    ("The cat sat on a stone. It rained. Roofs leaked.", "A cat sat . It rained .\nRoofs leaked .",
     "The cat sat . Roofs leaked ."),
    ("Nothing happened.", "Nothing .", "Something happened ."),
    ("Ada wrote notes about the engine.", "Ada wrote notes .", "Ada wrote notes ."),
    ("Ships left.", "Ships left the harbour today .", "Today ships left ."),
]  # fmt: skip


def xnli():
    languages = ["ar", "bg", "de", "el", "en", "es", "fr", "hi", "ru", "sw", "th", "tr", "ur", "vi",
                 "zh"]  # fmt: skip
    return [
        (
            {
                "premise": {language: f"{language}: {SENTENCES[label]}" for language in languages},
                "hypothesis": {
                    "language": languages,
                    "translation": [f"{SENTENCES[label + 1]} ({each})" for each in languages],
                },
                "label": label,
            },
            prediction,
        )
        for label, prediction in [(0, "0"), (1, "2"), (2, "2"), (1, "neutral")]
    ]


WIKIANN = [
    (["Ada", "Lovelace", "lived", "in", "London", "."], ["PER: Ada Lovelace", "LOC: London"],
     "PER: Ada Lovelace $$ ORG: London"),
    (["No", "one"], [], ""),
    (["A:", "B", "met", "B"], ["PER: B", "PER: B", "ORG: A:"], "PER:B $$ LOC $$ PER: C $$ PER: B"),
]  # fmt: skip

CASES = {
    "glue_cola": two("unacceptable", "acceptable", ("sentence",)),
    "glue_sst2": two("negative", "positive", ("sentence",)),
    "glue_mrpc": two("not_equivalent", "equivalent", PAIR),
    "glue_qqp": two("not_duplicate", "duplicate", ("question1", "question2")),
    "glue_stsb": [
        ({"sentence1": SENTENCES[0], "sentence2": SENTENCES[1], "label": score, "idx": 3}, text)
        for score, text in STSB
    ],
    "glue_mnli": three(MNLI, NLI),
    "glue_mnli_matched": three(MNLI, NLI),
    "glue_mnli_mismatched": three(MNLI, NLI),
    "glue_qnli": two(*ENTAILMENT, ("question", "sentence")),
    "glue_rte": two(*ENTAILMENT, PAIR),
    "glue_wnli": [
        ({"sentence1": one, "sentence2": other, "label": label, "idx": 1}, text)
        for one, other, label, text in WNLI
    ],
    "glue_wnli_labels": two("not_entailment", "entailment", PAIR),
    "glue_ax": three(MNLI, NLI),
    "super_glue_boolq": two("False", "True", ("question", "passage")),
    "super_glue_cb": three(("entailment", "contradiction", "neutral"), NLI),
    "super_glue_copa": two(
        "choice1", "choice2", ("premise", "choice1", "choice2"), question="cause"
    ),
    "super_glue_multirc": multirc(),
    "super_glue_record": record(),
    "super_glue_rte": two(*ENTAILMENT, NLI),
    "super_glue_wic": two("False", "True", PAIR, word="old", start1=0, end1=3, start2=4, end2=7),
    "super_glue_wsc": wsc(),
    "dpr": [
        ({"sentence": text, "pronoun": pronoun, "candidates": candidates, "label": label}, answer)
        for text, pronoun, candidates, label, answer in DPR
    ],
    "super_glue_axb": two(*ENTAILMENT, PAIR),
    "super_glue_axg": two(*ENTAILMENT, NLI),
    "cnn_dailymail": [
        ({"article": article, "highlights": highlights, "id": "1", "publisher": "p"}, text)
        for article, highlights, text in SUMMARIES
    ],
    "squad": questions(),
    "wmt_ende": translations("de"),
    "wmt_enfr": translations("fr"),
    "wmt_enro": translations("ro"),
    "trivia_qa": trivia_qa(),
    "natural_questions": [({"question": q, "answer": all_}, text) for q, all_, text in CLOSED_BOOK],
    "web_questions": [
        ({"question": q, "url": "u", "answers": all_}, text) for q, all_, text in CLOSED_BOOK
    ],
    "xnli.en": xnli(),
    "xnli.zh": xnli(),
    "paws_x.de": two("different_meaning", "paraphrase", PAIR),
    "xquad.hi": questions(),
    "mlqa.en": questions(),
    "mlqa.de": questions(),
    "mlqa.zh": questions(),
    "tydi_qa.en": questions(languages=True),
    "tydi_qa.bn": questions(languages=True),
    "wikiann.en": [
        ({"tokens": tokens, "tags": [0] * len(tokens), "langs": ["en"] * len(tokens),
          "spans": spans}, text)
        for tokens, spans, text in WIKIANN
    ],
}  # fmt: skip
"""Of multilingual tasks a few languages: the others differ by their name."""


def expanded(name, split="validation"):
    """(text example, prediction) of a row's cases, in its order."""
    row = DOWNSTREAM_TASKS[name]
    return [
        (row.form(each), prediction[place] if isinstance(prediction, list) else prediction)
        for example, prediction in CASES[name]
        for place, each in enumerate(row.expand(example, split))
    ]
