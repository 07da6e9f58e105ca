"""The tokens of all encoders are exactly those of `nlp.tokenizer`."""

import functools
import os
import random
import re
import threading
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import spacy
from helpers_corpus import CommaTokenizer, HyphenTokenizer, arrow, batch_of, expected_sentences, sentences_of
from hypothesis import example, given, settings
from hypothesis import strategies as st
from spacy.lang.tokenizer_exceptions import BASE_EXCEPTIONS

from spacy_w2v.config._schema import TokensSettings
from spacy_w2v.corpus._encoding import first_tokens
from spacy_w2v.tokenization import _encode as encode
from spacy_w2v.tokenization import _pretoken_table as pretoken_table
from spacy_w2v.tokenization import _splits as splits
from spacy_w2v.tokenization import _stock_tokenizer as stock_tokenizer
from spacy_w2v.tokenization._documents import DocumentEncoder
from spacy_w2v.tokenization._encode import encode_stream, make_encoder
from spacy_w2v.tokenization._pretoken_encoder import PretokenEncoder
from spacy_w2v.tokenization._tokens import EncodedBatch, TokenRules, Types

LANGUAGES = ["en", "de", "fr", "es", "hu"]
WIKI = Path(os.environ.get("SPACY_W2V_TEST_DATA", Path(__file__).parents[2] / "shared" / "data")) / "wiki_en"

seeded = settings(derandomize=True, deadline=None, max_examples=80)

SPACES = [
    *(" ", "  ", "\n", "\r\n", "\r", "\t", " \n ", "\n\n\n", "\x0b", "\x0c", "\x1c", "\x85"),
    *("\u00a0", " \u00a0 ", "\u1680", "\u2003", "\u2028", "\u2029", "\u202f", "\u3000"),
]
NASTY = [
    "",
    " ",
    "\n",
    " \n \t ",
    "Don't you'll can't I'd've 'tis y'all rock'n'roll 'Cause it's Adam's.",
    "He said: “It’s 5 o'clock, isn’t it?” (Mr. Smith, U.S.A., Ph.D., e.g. 10a.m.)",
    "https://example.com/a?b=c#d, www.spacy.io! mail@example.org; C:\\dir\\file.txt",
    "$1,000.50 -3.14 1e-5 50% 3rd 2/3 1990s 10-12 +49(0)30/123",
    ":) :-) :)) : ) :( ;-D <3 ^_^ (^_^) (-_-) ._. :'( (╯°□°）╯︵┻━┻ ¯\\_(ツ)_/¯ x:) (:x) ((:))",
    ": ) ) :) ) : )) a:) ) b (a:)) ) ' ' '' \" \" ' s 'S - ) 8 ) 8) 8-) )",
    "a\u00a0b\u2003c\u2028d\u2029e\u3000f\x0bg\x0ch\x1ci\x85j\u200bk\ufeffl",
    "one\ntwo three\r\nfour\rfive\n\n\nsix ",
    "Straße GROẞ İstanbul ǅ ﬁne Ⅻ ½ ٣٤ 三 e\u0301 👩‍👩‍👧 🏳️‍🌈",
    "z.B. d.h. Dr. 1. Januar '90er geht's C'est-à-dire l'homme aujourd'hui A-t-il p.m. 12m. °C. 20°c.",
    "a--b a---b a...b a…b a/b and/or x=y <b>tag</b> [1][2] {x} *bold* _it_ #tag @name",
    "\ufffd\x00\x07 \U0010ffff",
]


@functools.cache
def blank(language: str):
    return spacy.blank(language)


def with_rules(*texts: str | tuple[str, ...], **arguments):
    """Return a blank English pipeline with only these special cases: a token, or a tuple of tokens, each."""
    nlp = spacy.blank("en")
    rules = {
        "".join(text): [{"ORTH": token} for token in ((text,) if isinstance(text, str) else text)] for text in texts
    }
    nlp.tokenizer.rules = rules
    for name, value in arguments.items():
        setattr(nlp.tokenizer, name, value)
    return nlp


def encode_texts(nlp, texts: list[str], **arguments):
    return sentences_of(make_encoder(nlp, TokensSettings(**arguments)).encode(arrow(texts)))


def expect_texts(nlp, texts: list[str], **arguments):
    return [sentence for text in texts for sentence in expected_sentences(nlp, text, **arguments)]


def texts_strategy(language: str) -> st.SearchStrategy[list[str]]:
    """Return texts with words, emoticons, contractions and other tokens, separated by all kinds of white space."""
    rules = sorted(rule for rule in blank(language).tokenizer.rules if not rule.isspace())
    emoticons = sorted(text for text in BASE_EXCEPTIONS if not text.isspace())
    pretokens = st.one_of(
        st.sampled_from(["word", "Two", "été", "GROSS", "a", "x"]),
        st.sampled_from(emoticons),
        st.sampled_from(rules),
        st.sampled_from(["https://example.com/?a=b", "www.spacy.io", "a@b.de", "3.14", "1,000", "10-12", "5%", "½"]),
        st.text("()[]:;,.'’\"-–—_/*=<>^&%$°8DoO", min_size=1, max_size=4),
        st.text(min_size=1, max_size=3),
    )
    spaces = st.one_of(st.sampled_from(["", " "]), st.sampled_from(SPACES))
    text = st.lists(st.tuples(pretokens, spaces), max_size=12).map(lambda parts: "".join(p + s for p, s in parts))
    return st.lists(text, max_size=4)


# --- equal to nlp.tokenizer


@pytest.mark.parametrize("attr", ["ORTH", "LOWER", "NORM"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_difficult_texts_have_the_tokens_of_the_tokenizer(language, attr):
    nlp = blank(language)
    assert encode_texts(nlp, NASTY, attr=attr) == expect_texts(nlp, NASTY, attr=attr)


@pytest.mark.parametrize("language", LANGUAGES)
def test_tokens_of_any_text_are_those_of_the_tokenizer(language):
    nlp = blank(language)

    @given(texts=texts_strategy(language), attr=st.sampled_from(["ORTH", "LOWER", "NORM"]))
    @seeded
    def check(texts, attr):
        assert encode_texts(nlp, texts, attr=attr) == expect_texts(nlp, texts, attr=attr)

    check()


@pytest.mark.parametrize("attr", ["LOWER", "NORM"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_caches_do_not_change_tokens(language, attr, monkeypatch):
    monkeypatch.setattr(splits, "MIN_PRETOKENS", 1)
    nlp = blank(language)
    encoder = make_encoder(nlp, TokensSettings(attr=attr))

    @given(texts=texts_strategy(language))
    @settings(seeded, max_examples=250)
    def check(texts):
        assert sentences_of(encoder.encode(arrow(texts))) == expect_texts(nlp, texts, attr=attr)

    check()


def test_pretokens_with_one_signature_are_split_alike_except_for_special_cases(monkeypatch):
    monkeypatch.setattr(splits, "MIN_PRETOKENS", 1)
    nlp = with_rules(("don", "'t"), "U.S.", "ab,", (":", ")"), ("wo", "n't"))
    encoder = make_encoder(nlp, TokensSettings())
    texts = ["won't U.S. xy, :)", "don't A.B. ab, ;)", "Bob's U.S., ab,. (:)", "wen't V.S., cd,. (;)"]
    for _ in range(2):
        for text in texts:
            assert sentences_of(encoder.encode(arrow([text]))) == expect_texts(nlp, [text])


def test_a_run_across_a_space_is_not_cached_as_a_split(monkeypatch):
    monkeypatch.setattr(splits, "MIN_PRETOKENS", 1)
    nlp = with_rules(*SMILES)
    encoder = make_encoder(nlp, TokensSettings())
    for text in ["x:) ) a", "y:) ) b", "z:)) c", "x:) d"]:
        assert sentences_of(encoder.encode(arrow([text]))) == expect_texts(nlp, [text])


@pytest.mark.skipif(not WIKI.is_dir(), reason=f"needs the Wikipedia texts in {WIKI} (see SPACY_W2V_TEST_DATA)")
@pytest.mark.parametrize("language", LANGUAGES)
def test_tokens_of_wikipedia_are_those_of_the_tokenizer(language):
    texts = pq.read_table(next(iter(sorted(WIKI.glob("*.parquet")))), columns=["text"])["text"].to_pylist()
    sample = random.Random(0).sample(texts, 80 if language == "en" else 25)
    nlp = blank(language)
    assert encode_texts(nlp, sample) == expect_texts(nlp, sample)


@pytest.mark.parametrize("space", SPACES)
def test_white_space_separates_tokens_and_is_not_a_token(space):
    texts = [f"one{space}two", f"{space}one", f"one{space}", f"{space}", f"one {space} two"]
    actual = encode_texts(blank("en"), texts, boundary="document")
    assert actual == expect_texts(blank("en"), texts, boundary="document")


def test_batches_do_not_change_tokens():
    nlp = blank("en")
    encoder = make_encoder(nlp, TokensSettings())
    actual = [sentence for text in NASTY * 2 for sentence in sentences_of(encoder.encode(arrow([text])))]
    assert actual == expect_texts(nlp, NASTY * 2)


def test_evicting_pretokens_does_not_change_tokens(monkeypatch):
    monkeypatch.setattr(pretoken_table, "MAX_KNOWN_PRETOKENS", 5)
    monkeypatch.setattr(stock_tokenizer, "PRETOKENS_PER_DOC", 3)
    test_batches_do_not_change_tokens()


def test_the_vocab_does_not_grow():
    nlp = spacy.blank("en")
    encoder = make_encoder(nlp, TokensSettings())
    before = len(nlp.vocab.strings), sum(1 for _ in nlp.vocab)
    encoder.encode(arrow([f"neverseen{i}" for i in range(100)]))
    assert (len(nlp.vocab.strings), sum(1 for _ in nlp.vocab)) == before


def test_texts_are_encoded_within_a_memory_zone_of_the_caller():
    nlp = spacy.blank("en")
    with nlp.memory_zone():
        assert encode_texts(nlp, NASTY) == expect_texts(nlp, NASTY)


# --- special cases across a space


SMILES = (":)", ":))")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x:)", ["x", ":)"]),
        ("x:) )", ["x", ":", ")", ")"]),  # ":) )" matches like ":))", and hides ":)"
        ("x:)\n)", ["x", ":)", ")"]),
        ("x:)  )", ["x", ":)", ")"]),
        ("(: )", ["(", ":", ")"]),
        ("a x:) ) b x:) c", ["a", "x", ":", ")", ")", "b", "x", ":)", "c"]),
        ("x:) ) )", ["x", ":", ")", ")", ")"]),
        ("x: )) y:)", ["x", ":", ")", ")", "y", ":)"]),
    ],
)
def test_a_special_case_over_a_space_hides_a_shorter_one(text, expected):
    nlp = with_rules(*SMILES)
    assert [token.text for token in nlp.tokenizer(text) if not token.is_space] == expected, "as the test believes"
    assert isinstance(make_encoder(nlp, TokensSettings()), PretokenEncoder)
    assert [orth for sentence in encode_texts(nlp, [text]) for orth, _ in sentence] == expected


def test_a_longer_match_hides_one_inside_the_tokens_of_a_special_case():
    nlp = with_rules(
        *(("q", "k"), "qk)", ("A", "qk")),
        suffix_search=re.compile(r"[)]$|k$").search,
        token_match=re.compile(r"^qk$").match,
    )
    assert [token.text for token in nlp.tokenizer("Aqk )")] == ["A", "qk", ")"], "as the test believes"
    assert encode_texts(nlp, ["Aqk )", "Aqk ("]) == expect_texts(nlp, ["Aqk )", "Aqk ("])


def test_only_the_line_where_special_cases_meet_is_changed():
    nlp = with_rules(*SMILES)
    texts = ["one x:) )\nx:) two x:)\n\n) x:) )", "x:)", ") three"]
    for min_tokens in (1, 3, 5):
        assert encode_texts(nlp, texts, min_tokens=min_tokens) == expect_texts(nlp, texts, min_tokens=min_tokens)


@pytest.mark.parametrize(
    "rules",
    [
        SMILES,
        ("):", "):(", "a:)"),
        (("(:", ")"), ":)", ":))", ")"),
        (("x", "&", ":", "y"), "&:", ":y)"),
        (("a", ":", ")", "b"), ":)", "b(("),
        ("'s", "''", "s'"),
        (("q", "s"), "qs)", ("A", "qs")),
    ],
    ids=str,
)
@pytest.mark.parametrize("faster_heuristics", [True, False])
def test_any_special_cases_meet_as_in_the_tokenizer(rules, faster_heuristics):
    nlp = with_rules(*rules, faster_heuristics=faster_heuristics)

    @given(text=st.lists(st.sampled_from(["".join(r) for r in rules] + list("abxys:)('& \n")), max_size=9).map("".join))
    @example(text="x&:y )")
    @seeded
    def check(text):
        assert encode_texts(nlp, [text]) == expect_texts(nlp, [text])

    check()


# --- the choice of an encoder


@pytest.mark.parametrize("language", ["en", "de", "fr", "hu"])
def test_stock_tokenizers_use_the_fast_encoder(language):
    assert isinstance(make_encoder(blank(language), TokensSettings()), PretokenEncoder)


@pytest.mark.parametrize("text", ["in New York :)", "New  York New\tYork New York", "xNew York", "New New York York,"])
def test_a_special_case_with_a_space_is_found(text):
    nlp = with_rules("New York", ":)")
    assert isinstance(make_encoder(nlp, TokensSettings()), PretokenEncoder)
    assert encode_texts(nlp, [text]) == expect_texts(nlp, [text])


def test_a_special_case_with_other_white_space_needs_the_general_encoder():
    nlp = with_rules("New\tYork", ":)")
    assert isinstance(make_encoder(nlp, TokensSettings()), DocumentEncoder)
    assert encode_texts(nlp, ["in New\tYork :)"]) == expect_texts(nlp, ["in New\tYork :)"])


def subclassed():
    nlp = spacy.blank("en")
    nlp.tokenizer = HyphenTokenizer(nlp.vocab)
    return nlp


def with_comma_tokenizer():
    nlp = spacy.blank("en")
    nlp.tokenizer = CommaTokenizer(nlp)
    return nlp


@pytest.mark.parametrize(
    ("make", "text", "expected"),
    [
        (subclassed, "new york is big", ["new york", "is", "big"]),
        (with_comma_tokenizer, "new york, is,big", ["new york", ",", " is", ",", "big"]),
    ],
)
def test_other_tokenizers_use_the_general_encoder(make, text, expected):
    nlp = make()
    assert isinstance(make_encoder(nlp, TokensSettings()), DocumentEncoder)
    actual = encode_texts(nlp, [text])
    assert [orth for orth, _ in actual[0]] == expected


@pytest.mark.parametrize("boundary", ["line", "document"])
@pytest.mark.parametrize(("numbers", "urls"), [("keep", "keep"), ("shape", "drop"), ("drop", "shape")])
def test_both_encoders_return_the_same_tokens(boundary, numbers, urls):
    nlp = blank("en")
    rules = TokenRules("NORM", numbers, urls)
    general = DocumentEncoder(nlp, rules=rules, boundary=boundary, min_tokens=2)
    fast = make_encoder(nlp, TokensSettings(attr="NORM", boundary=boundary, numbers=numbers, urls=urls, min_tokens=2))
    assert isinstance(fast, PretokenEncoder)

    @given(texts=texts_strategy("en"))
    @seeded
    def check(texts):
        assert sentences_of(general.encode(arrow(texts))) == sentences_of(fast.encode(arrow(texts)))

    check()


# --- boundaries and filters


TWO_SENTENCES = "One two. Three\nfour five\r\nsix\n\nseven!"


@pytest.mark.parametrize(
    ("boundary", "expected"),
    [
        ("line", [["one", "two", ".", "three"], ["four", "five"], ["six"], ["seven", "!"]]),
        ("sentence", [["one", "two", "."], ["three", "four", "five", "six", "seven", "!"]]),
        ("document", [["one", "two", ".", "three", "four", "five", "six", "seven", "!"]]),
    ],
)
def test_boundaries_split_tokens_into_sentences(boundary, expected):
    for nlp in (blank("en"), with_rules("un used")):
        actual = encode_texts(nlp, [TWO_SENTENCES, "", "end"], boundary=boundary)
        assert [[key for _, key in sentence] for sentence in actual] == [*expected, ["end"]]


@pytest.mark.parametrize("boundary", ["line", "sentence", "document"])
@pytest.mark.parametrize("min_tokens", [1, 2, 3, 100])
def test_short_sentences_are_left_out(boundary, min_tokens):
    nlp = blank("en")
    texts = [TWO_SENTENCES, "one", "", "5 . 6 .", "A b. C d e. F."]
    arguments = {"boundary": boundary, "min_tokens": min_tokens, "numbers": "drop"}
    assert encode_texts(nlp, texts, **arguments) == expect_texts(nlp, texts, **arguments)


def plain():
    return blank("en")


def stock_with_a_space_in_a_rule():
    return with_rules("un used")


@pytest.mark.parametrize("boundary", ["line", "sentence", "document"])
@pytest.mark.parametrize("make", [plain, stock_with_a_space_in_a_rule])
@pytest.mark.parametrize(
    "text",
    ["", " ", "\n", " \n\t", "a" + "\n" * 12, "a" + "\n" * 12 + "5", "5", "5\n5\n5", "\n5", "a. 5", "5. 5. A", "!"],
    ids=repr,
)
def test_empty_and_short_texts(make, boundary, text):
    arguments = {"boundary": boundary, "numbers": "drop"}
    for texts in ([text], [text, "a b", text]):
        assert encode_texts(make(), texts, **arguments) == expect_texts(make(), texts, **arguments)


def test_no_texts_give_no_tokens():
    for nlp in (plain(), stock_with_a_space_in_a_rule()):
        batch = make_encoder(nlp, TokensSettings()).encode(arrow([]))
        assert [array.tolist() for array in (batch.distinct_types, batch.token_ids, batch.lengths)] == [[], [], []]


@pytest.mark.parametrize("make", [plain, stock_with_a_space_in_a_rule])
@pytest.mark.parametrize(
    ("numbers", "urls", "expected"),
    [
        ("keep", "keep", "in 1984 , ten saw www.a-b.de 7"),
        ("shape", "keep", "in dddd , xxx saw www.a-b.de d"),
        ("drop", "keep", "in , saw www.a-b.de"),
        ("keep", "shape", "in 1984 , ten saw xxx.x-x.xx 7"),
        ("shape", "drop", "in dddd , xxx saw d"),
        ("drop", "drop", "in , saw"),
    ],
)
def test_numbers_and_urls_are_kept_or_shaped_or_dropped(make, numbers, urls, expected):
    text = "In 1984, ten saw www.a-b.de 7"
    actual = encode_texts(make(), [text], numbers=numbers, urls=urls)
    assert " ".join(key for _, key in actual[0]) == expected
    assert actual == expected_sentences(make(), text, numbers=numbers, urls=urls)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("numbers", "urls"), [("shape", "shape"), ("drop", "shape"), ("shape", "drop")])
def test_filters_agree_with_the_attributes_of_tokens(language, numbers, urls):
    nlp = blank(language)
    assert encode_texts(nlp, NASTY, numbers=numbers, urls=urls) == expect_texts(nlp, NASTY, numbers=numbers, urls=urls)


@pytest.mark.parametrize(
    ("attr", "expected"), [("ORTH", "It's NEW, don't"), ("LOWER", "it's new, don't"), ("NORM", "it's new, don't")]
)
def test_the_whitespace_tokenizer_splits_at_white_space_only(attr, expected):
    actual = encode_texts(blank("en"), ["It's\tNEW,\u2003don't ", "5 6"], tokenizer="whitespace", attr=attr)
    assert [[key for _, key in sentence] for sentence in actual] == [expected.split(), ["5", "6"]]


def test_norms_are_those_of_the_pipeline():
    assert [key for _, key in encode_texts(blank("en"), ["They've gonna"], attr="NORM")[0]] == [
        *("they", "have", "going", "to"),
    ]


# --- processes


@pytest.mark.parametrize(
    ("make", "boundary"),
    [
        (subclassed, "line"),
        (with_comma_tokenizer, "line"),
        (plain, "sentence"),
        (plain, "line"),
        (lambda: with_rules(("a", "b"), faster_heuristics=False), "sentence"),
    ],
    ids=["subclass", "own", "sentences", "pre-tokens", "slower heuristics"],
)
def test_processes_do_not_change_tokens_or_their_order(make, boundary, monkeypatch):
    monkeypatch.setattr(encode, "SINGLE_PROCESS_BYTES", 1)
    texts = [[f"text {i}, of many words. ab, x-ab (ab)", *NASTY[i % 5 :: 5]] for i in range(7)]
    nlp = make()

    def stream(n_process):
        made = TokensSettings(n_process=n_process, boundary=boundary)
        return list(encode_stream((batch_of(batch) for batch in texts), nlp, made))

    one, two = stream(1), stream(2)
    assert [batch.texts.to_pylist() for batch, _ in two] == texts
    assert [sentences_of(batch) for _, batch in two] == [sentences_of(batch) for _, batch in one]
    assert [sentences_of(batch) for _, batch in one] == [expect_texts(nlp, b, boundary=boundary) for b in texts]


@pytest.mark.parametrize(("n_process", "warning"), [(2, "is not: cannot pickle"), (0, None)])
def test_a_tokenizer_that_cannot_be_pickled_runs_in_this_process(n_process, warning, monkeypatch):
    """If the user has requested several processes, there is a warning."""

    def no_processes(*arguments):
        raise AssertionError("processes were started")

    monkeypatch.setattr(encode, "map_in_processes", no_processes)
    monkeypatch.setattr(encode, "available_cores", lambda: 2)
    nlp = with_comma_tokenizer()
    nlp.tokenizer.unpicklable = threading.Lock()
    batches = encode_stream((batch_of(["a,b"]) for _ in range(3)), nlp, TokensSettings(n_process=n_process))
    with pytest.warns(UserWarning, match=warning) if warning else nullcontext():
        assert [sentences_of(batch) for _, batch in batches] == [[[("a", "a"), (",", ","), ("b", "b")]]] * 3


# --- max_tokens


@given(lengths=st.lists(st.integers(1, 4), min_size=1, max_size=6), limit=st.integers(1, 25), random=st.randoms())
@seeded
def test_a_batch_is_cut_to_its_first_tokens(lengths, limit, random):
    words = [[random.choice("abcdef") for _ in range(length)] for length in lengths]
    flat = [word for sentence in words for word in sentence]
    types = list(dict.fromkeys(flat))
    batch = EncodedBatch(
        Types(types, types),
        np.arange(len(types), dtype=np.uint32),
        np.array([types.index(word) for word in flat], np.uint32),
        np.array(lengths, np.int64),
    )
    actual = [[orth for orth, _ in sentence] for sentence in sentences_of(first_tokens(batch, limit))]
    assert [word for sentence in actual for word in sentence] == flat[:limit]
    assert actual[:-1] == words[: len(actual) - 1]
    assert batch.lengths.tolist() == lengths, "the batch itself is not changed"
