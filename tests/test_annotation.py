"""Texts that a pipeline annotates: the keys of their tokens and phrases, in one process and in several."""

import threading

import pyarrow as pa
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Token

from spacy_w2v.config._schema import TokensSettings
from spacy_w2v.corpus._encoding import first_tokens
from spacy_w2v.errors import ConfigError, CorpusError
from spacy_w2v.keys._lemmas import make_lemma_keys_v1
from spacy_w2v.sources._source import GIVEN_TOKENS, TextBatch
from spacy_w2v.tokenization.annotation._annotator import Annotator, doc_of_tokens
from spacy_w2v.tokenization.annotation._doc_keys import KeyReader
from spacy_w2v.tokenization.annotation._in_processes import KeyEncoding, encode_by_keys
from spacy_w2v.tokenization.annotation._pieces import groups_of_pieces

TEXTS = ["We flew to New York. It was fun.", "", "London is larger than\nNew York", "New York New York"]


def entities_and_words(doc):
    """Each entity as a phrase, and each word in lower case."""
    for entity in doc.ents:
        if len(entity) > 1:
            yield entity.start, entity.end, f"{entity.text.replace(' ', '_')}|{entity.label_}"
    for token in doc:
        yield token.i, token.i + 1, token.lower_


@pytest.fixture
def nlp():
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "GPE", "pattern": "New York"}, {"label": "GPE", "pattern": "London"}])
    return nlp


def encoding(nlp, function=entities_and_words, *, problem=None, **settings):
    annotator = Annotator(nlp.vocab, nlp.tokenizer, nlp.pipeline, nlp.batch_size)
    settings = TokensSettings(keys="test.keys", **settings)
    return KeyEncoding(annotator, function, settings, nlp.max_length, None, problem)


def encoded(nlp, texts, function=entities_and_words, *, kind=None, **settings):
    """The batch as plain lists: keys of tokens, lengths, and (key, start, length) of phrases."""
    array = pa.array(texts, kind or pa.large_string())
    return plain(encoding(nlp, function, **settings).encoder().encode(array))


def plain(batch):
    keys = [batch.types.keys[batch.distinct_types[number]] for number in batch.token_ids]
    phrases = batch.phrases
    names = [phrases.types.keys[phrases.distinct_types[number]] for number in phrases.ids]
    return (
        keys,
        batch.lengths.tolist(),
        list(zip(names, phrases.starts.tolist(), phrases.lengths.tolist(), strict=True)),
    )


def test_tokens_and_phrases_of_texts(nlp):
    keys, lengths, phrases = encoded(nlp, TEXTS)
    words = "we flew to new york . it was fun . london is larger than new york new york new york"
    assert keys == words.split()  # in lower case
    assert lengths == [10, 4, 2, 4]
    assert phrases == [
        ("New_York|GPE", 3, 2),
        ("New_York|GPE", 14, 2),
        ("New_York|GPE", 16, 2),
        ("New_York|GPE", 18, 2),
    ]


def test_types_have_the_texts_of_tokens_and_phrases(nlp):
    batch = encoding(nlp).encoder().encode(pa.array(["To New\nYork", "to New York"], pa.large_string()))
    assert batch.types.orths == ["To", "New", "York", "to"]
    assert batch.types.keys == ["to", "new", "york", "to"]
    batch = encoding(nlp, boundary="document").encoder().encode(pa.array(["New York"], pa.large_string()))
    assert (batch.phrases.types.orths, batch.phrases.types.keys) == (["New York"], ["New_York|GPE"])


def phrase_of_three(doc):
    yield 0, 3, "all"
    for token in doc:
        if token.i != 1:
            yield token.i, token.i + 1, token.lower_


@pytest.mark.parametrize(
    ("boundary", "expected"), [("line", []), ("document", [("all", 0, 2)]), ("sentence", [("all", 0, 2)])]
)
def test_phrases_do_not_cross_boundaries(boundary, expected):
    _, _, phrases = encoded(spacy.blank("en"), ["a\nb c d"], phrase_of_three, boundary=boundary)
    assert phrases == expected


def test_tokens_without_keys_are_left_out_of_phrases():
    assert encoded(spacy.blank("en"), ["a b c d"], phrase_of_three) == (["a", "c", "d"], [3], [("all", 0, 2)])


def test_a_phrase_without_words_is_a_word():
    def only_phrase(doc):
        yield 1, 3, "york"
        yield 3, 4, doc[3].text

    batch = (
        encoding(spacy.blank("en"), only_phrase).encoder().encode(pa.array(["in New York today"], pa.large_string()))
    )
    assert plain(batch) == (["york", "today"], [2], [])
    assert batch.types.orths == ["New York", "today"]


def test_white_space_has_no_key():
    def every_token(doc):
        return ((token.i, token.i + 1, token.text) for token in doc)

    keys, lengths, _ = encoded(spacy.blank("en"), ["  a \n\n b\t"], every_token, boundary="document")
    assert (keys, lengths) == (["a", "b"], [2])


def test_short_sentences_are_left_out_with_their_phrases(nlp):
    keys, lengths, phrases = encoded(nlp, ["New York\nin New York today", "x"], min_tokens=3)
    assert (keys, lengths, phrases) == (["in", "new", "york", "today"], [4], [("New_York|GPE", 1, 2)])


def test_annotated_sentences_are_kept(nlp):
    def starts(doc):
        for token in doc:
            token.is_sent_start = token.text == "York"
        return doc

    Language.component("test_starts", func=starts)
    text = "To New York. Or not."
    assert encoded(nlp, [text], boundary="sentence")[1:] == ([4, 3], [("New_York|GPE", 1, 2)])
    nlp.add_pipe("test_starts")
    assert encoded(nlp, [text], boundary="sentence")[1:] == ([2, 5], [])


def test_given_tokens(nlp):
    documents = [[["We", "saw", "New", "York"], ["", None, "New"], ["York", "\n", "!"]], [[]]]
    words = ["we", "saw", "new", "york", "new", "york", "!"]
    found = encoded(nlp, documents, kind=GIVEN_TOKENS, boundary="sentence")
    assert found == (words, [4, 1, 2], [("New_York|GPE", 2, 2)])
    found = encoded(nlp, documents, kind=GIVEN_TOKENS, boundary="line")
    assert found == (words, [6, 1], [("New_York|GPE", 2, 2), ("New_York|GPE", 4, 2)])


def test_sentences_of_given_tokens_are_set_if_there_are_several(nlp):
    assert [t.is_sent_start for t in doc_of_tokens([["a", "b"], [], ["c"]], nlp.vocab)] == [True, False, True]
    assert not doc_of_tokens([["a", "b"], [None]], nlp.vocab).has_annotation("SENT_START")
    assert len(doc_of_tokens([], nlp.vocab)) == 0


def pieces(texts, kind=None, limit=100):
    groups = groups_of_pieces(pa.array(texts, kind or pa.large_string()), limit)
    return [[(piece.value, piece.is_first) for piece in group] for group in groups]


@pytest.mark.parametrize("mark", ["\n", ". ", "。", " "])
def test_long_texts_are_cut_at_the_best_place(mark):
    text = "a b" * 23 + mark + "ab" * 60
    [found] = pieces([text, "x"])
    assert found[0] == ("a b" * 23 + mark, True)
    assert "".join(value for value, _ in found) == text + "x"
    assert [is_first for _, is_first in found] == [True, *[False] * (len(found) - 2), True]
    assert max(len(value) for value, _ in found) <= 100


def test_long_documents_of_tokens_are_cut_between_sentences_and_tokens():
    document = [["abc"] * 10, ["abc"] * 40, ["z"]]
    [found] = pieces([document, [["x"]]], GIVEN_TOKENS)
    assert [is_first for _, is_first in found] == [True, False, False, True]
    assert [[len(tokens) for tokens in value] for value, _ in found] == [[10], [25], [15, 1], [1]]
    assert [token for value, _ in found for tokens in value for token in tokens] == [*["abc"] * 50, "z", "x"]


def test_texts_are_annotated_in_groups():
    assert [len(group) for group in pieces(["x" * 10_000] * 7, limit=100_000)] == [3, 3, 1]
    assert pieces([]) == []
    assert pieces([""]) == [[("", True)]]


def test_parts_of_a_text_are_one_document(nlp):
    text = "one two three " * 10 + "New York"
    nlp.max_length = 60
    whole = (text.lower().split(), [32], [("New_York|GPE", 30, 2)])
    assert encoded(nlp, ["x", text, "y"], boundary="document") == (
        ["x", *whole[0], "y"],
        [1, 32, 1],
        [("New_York|GPE", 31, 2)],
    )


def test_strings_of_texts_do_not_stay_in_the_vocab(nlp):
    encoder = encoding(nlp).encoder()
    encoder.encode(pa.array(["a text"], pa.large_string()))
    before = len(nlp.vocab.strings), len(list(nlp.vocab))
    batch = encoder.encode(pa.array([f"strange{number} word" for number in range(1000)], pa.large_string()))
    assert len(batch.distinct_types) == 1001
    assert (len(nlp.vocab.strings), len(list(nlp.vocab))) == before


def test_phrases_of_a_compact_batch(nlp):
    batch = encoding(nlp).encoder().encode(pa.array(TEXTS, pa.large_string()))
    phrases = batch.phrases._replace(
        types=batch.phrases.types._replace(orths=["x", "New York"], keys=["x", "New_York|GPE"]),
        distinct_types=batch.phrases.distinct_types + 1,
    )
    compact = batch._replace(phrases=phrases).compact()
    assert compact.phrases.types.keys == ["New_York|GPE"]
    assert plain(compact) == plain(batch)


@pytest.mark.parametrize(
    ("limit", "expected"), [(3, []), (4, []), (5, [3]), (15, [3]), (16, [3, 14]), (99, [3, 14, 16, 18])]
)
def test_first_tokens_cut_phrases(nlp, limit, expected):
    batch = first_tokens(encoding(nlp).encoder().encode(pa.array(TEXTS, pa.large_string())), limit)
    assert batch.phrases.starts.tolist() == expected
    assert len(batch.phrases.distinct_types) == len(set(batch.phrases.ids.tolist()))
    assert batch.token_ids.size == min(limit, 20)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ([(0, 1, "")], "A key must be a string that is not empty, but test.keys gave '' for 'a'"),
        ([(0, 1, None)], "A key must be a string that is not empty, but test.keys gave None for 'a'"),
        ([(0, 1, 7)], "gave 7 for 'a'"),
        ([(0, 1, "\ud800")], "A key must be valid Unicode, but test.keys gave one with the character '.ud800'"),
        ([(0, 2, "x\ud800")], "A key must be valid Unicode"),
        ([(0, 5, "x")], r"with 0 <= start < end <= 3, but test.keys gave start 0 and end 5 for 'x'"),
        ([(1, 1, "x")], "gave start 1 and end 1 for 'x'"),
        ([(-1, 1, "x")], "gave start -1 and end 1"),
        ([(0, 2, "x"), (1, 3, "y")], "Phrases must not overlap, but test.keys gave 'a b' and 'b c'.*filter_spans"),
        (
            [(0, 1, "x"), (0, 1, "y")],
            "A token must have one key of its own, but test.keys gave 'a' the keys 'x' and 'y'",
        ),
        ([("x", 1)], "must yield a start, an end and a key, but test.keys fails for a text that begins with 'a b c'"),
        ([("x", 1, "y")], "test.keys fails .*TypeError"),
        ([(0.0, 1, "y")], "test.keys fails .*TypeError"),
        (None, "test.keys fails .*'NoneType' object is not iterable"),
    ],
)
def test_errors_of_key_functions(found, message):
    with pytest.raises(ConfigError, match=message):
        encoded(spacy.blank("en"), ["a b c"], lambda doc: found)


class OwnString(str):
    pass


def test_a_subclass_of_str_is_a_key():
    keys, _, phrases = encoded(spacy.blank("en"), ["a b"], lambda doc: [(0, 1, OwnString("x")), (0, 2, "y")])
    assert (keys, phrases) == (["x"], [("y", 0, 1)])


def test_keys_in_any_order():
    reader = KeyReader(
        lambda doc: [(1, 2, "b"), (2, 4, "z"), (0, 1, "a"), (2, 3, "c")], name="", boundary="line", min_tokens=1
    )
    found = reader.read(spacy.blank("en")("A B C D"))
    assert (found.orths, found.keys) == (["A", "B", "C"], ["a", "b", "c"])
    assert found.phrases == [(2, 1, "C D", "z")]


def test_an_error_of_a_component_names_it(nlp):
    def fails(doc):
        raise KeyError(f"no {doc[0].text}")

    Language.component("test_fails", func=fails)
    nlp.add_pipe("test_fails")
    message = (
        "The component 'test_fails' of the pipeline .* begins with 'We flew to New York.*KeyError: 'no We'.*disable"
    )
    with pytest.raises(CorpusError, match=message):
        encoded(nlp, TEXTS)


@pytest.mark.parametrize(("result", "message"), [(None, "returned NoneType"), ("x", "returned str")])
def test_a_component_must_return_the_doc(nlp, result, message):
    Language.component(f"test_returns_{result}", func=lambda doc: result)
    nlp.add_pipe(f"test_returns_{result}")
    with pytest.raises(CorpusError, match=message):
        encoded(nlp, TEXTS)


def test_an_error_of_the_tokenizer(nlp):
    def tokenizer(text):
        raise ValueError("no tokens")

    nlp.tokenizer = tokenizer
    with pytest.raises(CorpusError, match=r"The tokenizer of the pipeline .*'We flew.*ValueError: no tokens"):
        encoded(nlp, TEXTS)


def batches_of(texts, n=3):
    for text in texts:
        yield TextBatch(pa.array([text] * n, pa.large_string()), n, 0, 0, None)


@pytest.mark.parametrize("n_process", [1, 2])
def test_processes_do_not_change_the_result(nlp, n_process):
    texts = [f"{text} {number}" for number, text in enumerate(TEXTS * 3)]
    found = list(encode_by_keys(batches_of(texts), encoding(nlp, n_process=n_process), code_path=None, n_cores=None))
    assert [batch.texts[0].as_py() for batch, _ in found] == texts
    assert [plain(batch) for _, batch in found] == [encoded(nlp, [text] * 3) for text in texts]


def test_errors_come_from_other_processes(nlp):
    function = lambda doc: [(0, 1, 7)]  # noqa: E731
    steps = encode_by_keys(batches_of(TEXTS), encoding(nlp, function, n_process=2), code_path=None, n_cores=None)
    with pytest.raises(ConfigError, match="gave 7 for 'We'"):
        list(steps)


def test_a_component_that_is_not_picklable(nlp):
    class Locked:
        def __call__(self, doc):
            return doc

        def __reduce__(self):
            raise TypeError("cannot be copied")

    Language.factory("test_locked", func=lambda nlp, name: Locked())
    nlp.add_pipe("test_locked")
    with pytest.warns(UserWarning, match="picklable for n_process = 2, but the component 'test_locked' is not: cannot"):
        found = list(encode_by_keys(batches_of(TEXTS), encoding(nlp, n_process=2), code_path=None, n_cores=None))
    assert len(found) == len(TEXTS)


@pytest.mark.parametrize("n_process", [1, 2])
def test_missing_annotation_is_an_error_before_any_text(nlp, n_process):
    problem = ConfigError("token.pos is missing")
    steps = encode_by_keys(
        batches_of(TEXTS), encoding(nlp, n_process=n_process, problem=problem), code_path=None, n_cores=None
    )
    with pytest.raises(ConfigError, match=r"token.pos is missing"):
        next(steps)


def test_extension_attributes_work_in_other_processes(nlp):
    Token.set_extension("test_mark", default="", force=True)
    Token.set_extension("test_locked", getter=threading.Lock().acquire, force=True)  # not picklable
    mark = "#"

    def marks(doc):
        for token in doc:
            token._.test_mark = mark
        return doc

    def keys(doc):
        return [(token.i, token.i + 1, token.text + token._.test_mark) for token in doc]

    Language.component("test_marks", func=marks)
    nlp.add_pipe("test_marks")
    found = encode_by_keys(batches_of(["a b"] * 2), encoding(nlp, keys, n_process=2), code_path=None, n_cores=None)
    assert [plain(batch)[0][:2] for _, batch in found] == [["a#", "b#"]] * 2
    for name in ("test_mark", "test_locked"):
        Token.remove_extension(name)


def test_an_interrupt_ends_the_memory_zone(nlp):
    def interrupted(doc):
        raise KeyboardInterrupt

    Language.component("test_interrupted", func=interrupted)
    nlp.add_pipe("test_interrupted")
    with pytest.raises(KeyboardInterrupt):
        encoded(nlp, TEXTS)
    assert not nlp.vocab.in_memory_zone


def test_within_a_memory_zone_of_the_caller(nlp):
    expected = encoded(nlp, TEXTS)
    with nlp.memory_zone():
        assert encoded(nlp, TEXTS) == expected


def test_components_that_do_not_say_what_they_set_are_asked_for_their_results():
    """The first texts are annotated, and none has a lemma."""
    nlp = spacy.blank("en")
    nlp.add_pipe("test_sets_nothing")
    keys = make_lemma_keys_v1()
    assert encoded(nlp, ["a b c"], keys)[0] == ["a", "b", "c"]  # too short to tell
    with pytest.raises(ConfigError, match=r"no token of the first texts has token\.lemma, which test\.keys needs"):
        encoded(nlp, ["a b c d e f g h"] * 20, keys)


@spacy.Language.component("test_sets_nothing")
def sets_nothing(doc):
    return doc
