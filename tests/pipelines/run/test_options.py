"""Options are checked before any work, and what is wrong is named."""

import subprocess
import sys
from dataclasses import replace
from enum import StrEnum
from typing import get_type_hints

import pytest

from cleaning.dedup.spans import SpanUnit
from cleaning.filters.badwords import WordCase
from cleaning.filters.clean import Citation, Ellipsis, RuleScope
from cleaning.filters.language import IDENTIFIERS, UncertainLanguage
from cleaning.specs import REFERENCE, SETTINGS, SPECS, BadWordsScope, SpecSettings
from cleaning.urls import SchemeCase, SchemePlace, Tracking
from cleaning.variants import VARIANTS
from cleaning.wet.pages import BodyHeaders
from corpora.formats import OUTPUT_FORMATS
from pipelines.main import main
from pipelines.run.options import parse_options
from runtime.cli.options import OptionError
from runtime.workers.runners import RUNNERS
from tests.conftest import REPOSITORY

NEEDED = ["--input=x", "--output=y"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--input"),
        (["--input=x"], "--output"),
        ([*NEEDED, "--variant=em"], "unknown variant 'em'; choose from en"),
        ([*NEEDED, "--spec=tfds-3.0.1"], "did you mean 'tfds-3.1.0'?"),
        ([*NEEDED, "--format=parket"], f"choose from {', '.join(OUTPUT_FORMATS)}; did you mean"),
        ([*NEEDED, "--format=jsonl,csv"], "unknown format 'csv'"),
        ([*NEEDED, "--runner=DataFlowRunner"], "did you mean 'DataflowRunner'?"),
        ([*NEEDED, "--runner=DaskRunner"], "loses elements silently"),
        ([*NEEDED, "--shards=-1"], "=-1: expected a whole number"),
        ([*NEEDED, "--shards=many"], "=many: expected a whole number"),
        ([*NEEDED, "--num_workers=1.5"], "=1.5: expected a whole number"),
        ([*NEEDED, "--max_malformed_fraction=2"], "=2: expected a number from 0 to 1"),
        ([*NEEDED, "--max_malformed_fraction=lots"], "=lots: expected a number from 0 to 1"),
        ([*NEEDED, "--shards=1", "stray"], "'stray' belongs to no option"),
    ],
)
def test_a_wrong_value_is_named_with_the_choices(arguments, said):
    with pytest.raises(OptionError) as error:
        parse_options(arguments)
    assert said in str(error.value)


def test_every_input_given_is_kept_in_order():
    options = parse_options(["--input", "a", "b", "--input=c", "--output=y"])
    assert options.input == ("a", "b", "c")


def test_formats_may_be_listed_and_repeated():
    options = parse_options([*NEEDED, "--format=jsonl,tfrecord", "--format=jsonl"])
    assert options.formats == ("jsonl", "tfrecord")


def test_beam_options_pass_through():
    options = parse_options([*NEEDED, "--runner=DataflowRunner", "--project=p", "--region=r"])
    assert options.beam_arguments == ("--project=p", "--region=r")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--input=/nowhere/*.gz"], "matches no file"),
        (["--input=@/nowhere/list.txt"], "the list cannot be read"),
        (
            ["--varient=en", "--input=/nowhere"],
            "unknown option --varient; did you mean --variant?",
        ),
    ],
)
def test_nothing_is_done_when_an_option_is_wrong(tmp_path, capsys, arguments, said):
    output = tmp_path / "out"
    assert main([*arguments, f"--output={output}"]) == 2
    assert said in capsys.readouterr().err
    assert not output.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--badwords_dir=/nowhere"], "--badwords_dir=/nowhere: no file 'en' there"),
        (["--variant=mc4.de", "--badwords_dir=/nowhere"], "no file 'de' there"),
        (["--variant=realnews", "--realnews_domains=/nowhere"], "--realnews_domains=/nowhere: can"),
        (["--variant=realnews", "--realnews_domains=/"], "--realnews_domains=/: cannot be read"),
        (["--variant=realnews", "--realnews_domains={odd}"], "odd: not JSON: Expecting value"),
        (["--variant=webtext"], "--variant=webtextlike needs --webtext_urls"),
        (["--variant=webtext", "--webtext_urls=/nowhere"], "--webtext_urls=/nowhere: matches no"),
        (["--lid_model={odd}"], "--lid_model is for the identifier fasttext; add"),
        (["--english_identifier=fasttext", "--lid_model={odd}"], "odd: not a fastText classifier"),
        (["--languages_identifier=fasttext", "--lid_model=/nowhere"], "/nowhere: no such file"),
        (["--config=/nowhere"], "--config=/nowhere: cannot be read as TOML"),
        (["--config={odd}"], "odd: cannot be read as TOML"),
    ],
)
def test_nothing_is_done_when_a_list_or_model_is_wrong(tmp_path, sample, capsys, arguments, said):
    odd, output = tmp_path / "odd", tmp_path / "out"
    odd.write_text("This is neither a list nor a model.")
    arguments = [argument.format(odd=odd) for argument in arguments]
    assert main([*arguments, f"--input={sample}", f"--output={output}"]) == 2
    error = capsys.readouterr().err
    assert said in error and "Nothing was done." in error
    assert not output.exists()


def test_what_a_variant_needs_is_told_with_other_wrong_options():
    with pytest.raises(OptionError) as error:
        parse_options([*NEEDED, "--variant=webtext", "--shards=x", "--min_word=3"])
    starts = ["unknown option --min_word; did", "--shards", "--variant=webtextlike needs --webtext"]
    lines = str(error.value).splitlines()
    assert [line[: len(start)] for line, start in zip(lines, starts, strict=True)] == starts


def test_every_path_that_is_not_there_is_told_at_once(tmp_path, capsys):
    names = ("input", "input=@", "webtext_urls", "badwords_dir", "realnews_domains", "lid_model")
    paths = [f"--{name}{'' if '=' in name else '='}/nowhere/{name[0]}" for name in names]
    paths.append("--filter=/nowhere/own.py:f")
    output = tmp_path / "out"
    arguments = [*paths, "--variant=all", "--english_identifier=fasttext", f"--output={output}"]
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert all(f"error: {path}: " in told for path in paths)
    assert len(told.splitlines()) == len(paths) + 1 and not output.exists()


def test_every_wrong_form_of_a_filter_is_told_at_once():
    with pytest.raises(OptionError) as error:
        parse_options([*NEEDED, *(f"--filter={own}" for own in ("m:f", "bad", "a.b:", ":x"))])
    assert [line.split(":")[1] for line in str(error.value).splitlines()] == [
        " 'bad'", " 'a.b", " '",
    ]  # fmt: skip


def test_an_output_that_cannot_be_written_is_named(tmp_path, sample, capsys):
    (tmp_path / "file").write_text("")
    assert main([f"--input={sample}", f"--output={tmp_path / 'file'}"]) == 2
    assert "cannot be written" in capsys.readouterr().err


def variants(*arguments: str) -> list[str]:
    """Names of the variants that the command line asks for."""
    options = parse_options([*NEEDED, "--webtext_urls=u", *arguments])
    return [variant.name for variant in options.variants]


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ([], ["en"]),
        (["--variant=en"], ["en"]),
        (["--variant", "en"], ["en"]),
        (["--variant=realnews"], ["realnewslike"]),
        (["--variant=webtext,multi"], ["webtextlike", "multilingual"]),
        (["--variant=mc4"], ["multilingual"]),
        (["--variant=multilingual,en"], ["en", "multilingual"]),
        (["--variant=multilingual", "--variant=en"], ["en", "multilingual"]),
        (["--variant=en,en,realnews,realnewslike"], ["en", "realnewslike"]),
        (["--variant= en , en.noclean "], ["en", "en.noclean"]),
        (["--variant=all"], list(VARIANTS)),
        (["--variant=all,en"], list(VARIANTS)),
        (["--variant=mc4.de"], ["mc4.de"]),
        (["--variant=mc4.de,mc4.af,en"], ["en", "mc4.af", "mc4.de"]),
        (["--variant=mc4.zh-Latn,mc4.de,mc4.zh"], ["mc4.de", "mc4.zh", "mc4.zh-Latn"]),
        (["--variant=mc4.de,all"], [*VARIANTS, "mc4.de"]),
    ],
)
def test_variants_may_be_listed_and_repeated_in_any_order(arguments, names):
    assert variants(*arguments) == names


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mc4.xx", "unknown language 'xx' in 'mc4.xx': mC4 has no such language; codes are cld3's"),
        ("mc4.he", "which calls it 'iw'; did you mean mc4.iw?"),
        ("multilingual.DE", "did you mean mc4.de?"),
        ("mc4.und", "it is no language, but a split of multilingual"),
    ],
)
def test_an_unknown_language_is_told_with_the_code_that_cld3_has(name, said):
    with pytest.raises(OptionError) as error:
        variants(f"--variant={name}")
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("realnewslik", "did you mean 'realnewslike'?"),
        ("web", "did you mean 'webtext'?"),
        ("en.nocleam", "did you mean 'en.noclean'?"),
        ("multilingal", "did you mean 'multilingual'?"),
        ("EN", "unknown variant 'EN'"),
        (",en", "unknown variant ''"),
        ("en,", "unknown variant ''"),
        ("en,fr", "unknown variant 'fr'"),
        ("al", "did you mean 'all'?"),
    ],
)
def test_an_unknown_variant_is_named_with_all_that_there_are(name, said):
    with pytest.raises(OptionError) as error:
        variants(f"--variant={name}")
    aliases = [alias for row in VARIANTS.values() for alias in row.aliases]
    assert said in str(error.value)
    assert f"choose from {', '.join([*VARIANTS, *aliases, 'mc4.<language>', 'all'])}" in str(
        error.value
    )


@pytest.mark.parametrize("name", SPECS)
def test_a_spec_gives_its_choices(name):
    options = parse_options([*NEEDED, f"--spec={name}"])
    assert (options.spec, options.settings) == (name, SPECS[name].settings)


def test_the_reference_is_built_unless_a_spec_is_given():
    options = parse_options(NEEDED)
    assert (options.spec, options.settings) == ("tfds-3.1.0", REFERENCE)


@pytest.mark.parametrize(
    ("name", "near"), [("papre", "paper"), ("Fixed", "fixed"), ("tfds", "tfds-3.1.0")]
)
def test_an_unknown_spec_is_named_with_all_that_there_are(name, near):
    with pytest.raises(OptionError) as error:
        parse_options([*NEEDED, f"--spec={name}"])
    assert str(error.value) == (
        f"--spec: unknown spec {name!r}; choose from {', '.join(SPECS)}; did you mean {near!r}?"
    )


OTHERWISE = {
    "body_headers": ("kept", BodyHeaders.KEPT),
    "max_page_chars": ("0", 0),
    "url_scheme_case": ("any", SchemeCase.ANY),
    "url_scheme_place": ("start", SchemePlace.START),
    "url_tracking": ("parameter", Tracking.PARAMETER),
    "min_paragraphs": ("2", 2),
    "min_paragraph_chars": ("150", 150),
    "page_rules": ("page", RuleScope.PAGE),
    "max_word_chars": ("50", 50),
    "citations": ("without_empty", Citation.WITHOUT_EMPTY),
    "end_marks": (".。", ".。"),
    "ellipsis": ("kept", Ellipsis.KEPT),
    "min_words": ("3", 3),
    "min_sentences": ("1", 1),
    "dedupe_unit": ("three_sentences", SpanUnit.THREE_SENTENCES),
    "english_identifier": ("fasttext", "fasttext"),
    "english_probability": ("0.5", 0.5),
    "languages_identifier": ("fasttext", "fasttext"),
    "languages_probability": (".7", 0.7),
    "uncertain_language": ("dropped", UncertainLanguage.DROPPED),
    "bad_words_scope": ("page", BadWordsScope.PAGE),
    "bad_words_case": ("lowered", WordCase.LOWERED),
    "soft_bad_words": ("1", 1.0),
}
CLOSED = {
    name: kind for name, kind in get_type_hints(SpecSettings).items() if issubclass(kind, StrEnum)
}


def test_every_choice_is_tried():
    assert list(OTHERWISE) == list(SETTINGS), (
        "OTHERWISE, above: each setting in the order of SETTINGS, with a text that gives another "
        "value than the reference's, and that value"
    )


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("spec", SPECS)
def test_a_single_choice_overrides_the_spec(name, spec):
    text, value = OTHERWISE[name]
    options = parse_options([*NEEDED, f"--spec={spec}", f"--{name}={text}"])
    assert options.settings == replace(SPECS[spec].settings, **{name: value})
    assert type(getattr(options.settings, name)) is type(value)
    assert getattr(REFERENCE, name) != value


@pytest.mark.parametrize("name", CLOSED)
def test_every_value_of_a_closed_choice_can_be_given(name):
    for member in CLOSED[name]:
        choices = parse_options([*NEEDED, f"--{name}={member.value}"]).settings
        assert getattr(choices, name) is member


@pytest.mark.parametrize("name", CLOSED)
def test_a_wrong_choice_is_named_with_all_that_there_are_and_the_nearest(name):
    values = [member.value for member in CLOSED[name]]
    wrong = values[-1][:-1]
    with pytest.raises(OptionError) as error:
        parse_options([*NEEDED, f"--{name}={wrong}"])
    assert str(error.value) == (
        f"--{name}: unknown choice {wrong!r}; choose from {', '.join(values)}; "
        f"did you mean {values[-1]!r}?"
    )


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("--english_identifier=cld2", "unknown choice 'cld2'; choose from langdetect, cld3, fastt"),
        ("--languages_identifier=CLD3", "--languages_identifier: unknown choice 'CLD3'"),
        ("--min_words=many", "--min_words=many: expected a whole number"),
        ("--min_words=2.5", "--min_words=2.5: expected a whole number"),
        ("--min_words=0", "--min_words=0: a line without words is never kept"),
        ("--min_words=-1", "--min_words=-1: expected 0 or more"),
        ("--max_page_chars=", "--max_page_chars: expected a value, as --max_page_chars=N"),
        ("--english_probability=high", "--english_probability=high: expected a number"),
        ("--english_probability=1.1", "--english_probability=1.1: expected a number from 0 to 1"),
        ("--languages_probability=-0.1", "--languages_probability=-0.1: expected 0 or more"),
        ("--soft_bad_words=nan", "--soft_bad_words=nan: expected a number from 0 to 1"),
        ("--soft_bad_words=inf", "--soft_bad_words=inf: expected a number from 0 to 1"),
        ("--end_marks=", "--end_marks: expected a value, as --end_marks=X"),
        ("--end_marks=. ?", "--end_marks: expected one or more characters, no spaces"),
    ],
)
def test_a_choice_that_cannot_be_is_named(argument, said):
    with pytest.raises(OptionError) as error:
        parse_options([*NEEDED, argument])
    assert said in str(error.value)


def test_lists_and_models_are_taken_as_given():
    options = parse_options(
        [*NEEDED, "--badwords_dir=b", "--realnews_domains=r", "--webtext_urls", "u", "v",
         "--webtext_urls=w", "--lid_model=l"]
    )  # fmt: skip
    assert (options.badwords_dir, options.realnews_domains) == ("b", "r")
    assert (options.webtext_urls, options.lid_model) == (("u", "v", "w"), "l")
    plain = parse_options(NEEDED)
    assert (plain.badwords_dir, plain.realnews_domains, plain.lid_model) == (None, None, None)
    assert plain.webtext_urls == ()


@pytest.fixture(scope="module")
def help_text() -> str:
    """What --help prints, line breaks taken for spaces."""
    command = [sys.executable, "beam_runner.py", "--help"]
    run = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return " ".join(run.stdout.split())


def test_help_is_grouped_and_lists_every_table(help_text):
    for heading in ("what to build:", "what to read:", "what to write:", "how to run:"):
        assert heading in help_text
    for name in ("tfds-3.1.0", "parquet", "DataflowRunner", "@FILE", "examples:"):
        assert name in help_text


@pytest.mark.parametrize(
    "table", [VARIANTS, SPECS, OUTPUT_FORMATS, RUNNERS], ids=["v", "s", "f", "r"]
)
def test_help_says_what_each_row_of_a_table_is(help_text, table):
    for name, row in table.items():
        assert f"{name}: {row.meaning}" in help_text


@pytest.mark.parametrize("name", SETTINGS)
def test_help_says_what_each_choice_is_and_what_it_can_be(help_text, name):
    assert f"--{name} " in help_text
    assert SETTINGS[name].meaning in help_text
    default = getattr(REFERENCE, name)
    values = [member.value for member in CLOSED.get(name, ())]
    if name.endswith("_identifier"):
        values = list(IDENTIFIERS)
    meaning = SETTINGS[name].meaning
    explained = any(f"({value})" in meaning for value in values)
    known = f" ({', '.join(values)})" if values and not explained else ""
    assert all(value in meaning + known for value in values)
    assert f"{meaning}{known}; default: {default}" in help_text
