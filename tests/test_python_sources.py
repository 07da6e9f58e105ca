"""All forms of texts for `train`: each is read as expected, or refused with a remedy."""

import datasets
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import spacy
from gensim.models.phrases import Phrases
from gensim.models.word2vec import LineSentence, PathLineSentences
from helpers_corpus import read
from spacy.tokens import Doc, DocBin

import spacy_w2v
from spacy_w2v.errors import ConfigError, CorpusError, CorpusWarning
from spacy_w2v.sources._iterables import as_source, holds_tokens

TEXTS = ["The cat sat.", "A dog ran."]
TOKENS = [["New York", "is", "big"], ["Rome", "is", "old"]]
NLP = spacy.blank("en")


def as_given(tokens):
    return [[document] for document in tokens]


TABLES = {
    "pandas": pd.DataFrame({"id": [1, 2], "text": TEXTS}),
    "pandas categories": pd.DataFrame({"text": pd.Categorical(TEXTS)}),
    "pandas series": pd.Series(TEXTS),
    "arrow table": pa.table({"id": [1, 2], "text": TEXTS}),
    "arrow batch": pa.record_batch({"text": pa.array(TEXTS)}),
    "arrow column": pa.chunked_array([TEXTS[:1], TEXTS[1:]]),
    "arrow array": pa.array(TEXTS),
    "arrow categories": pa.array(TEXTS).dictionary_encode(),
    "numpy": np.array(TEXTS),
    "numpy objects": np.array(TEXTS, object),
    "rows": [{"id": 1, "text": TEXTS[0]}, {"id": 2, "text": TEXTS[1]}],
    "one split": datasets.DatasetDict({"train": datasets.Dataset.from_dict({"text": TEXTS})}),
}


@pytest.mark.parametrize("kind", TABLES)
def test_tables_and_columns_are_read(kind):
    assert read(as_source(TABLES[kind])).texts == TEXTS


def test_text_field_names_a_column_or_key():
    for texts in (
        pd.DataFrame({"body": TEXTS}),
        pa.table({"body": TEXTS}),
        [{"body": text} for text in TEXTS],
        ({"body": text} for text in TEXTS),
    ):
        assert read(as_source(texts, text_field="body")).texts == TEXTS


@pytest.mark.parametrize(
    "texts", [pd.DataFrame({"a": TEXTS, "b": TEXTS}), pa.table({"a": TEXTS, "b": TEXTS})], ids=["pandas", "arrow"]
)
def test_columns_of_tables_are_joined_or_missing(texts):
    assert read(as_source(texts, text_field=["b", "a"])).texts == [f"{text}\n{text}" for text in TEXTS]
    with pytest.raises(CorpusError, match=r"text_field must be a column of the table \(a, b\), was: text\."):
        as_source(texts)


def test_polars_is_read_without_being_imported():
    class DataFrame:
        columns = ("text",)

        def __getitem__(self, name):
            return iter(TEXTS)

    class LazyFrame:
        columns = ("text",)

    assert read(as_source(DataFrame())).texts == TEXTS
    with pytest.raises(CorpusError, match=r"was a LazyFrame\. Pass frame\.collect\(\)"):
        as_source(LazyFrame())


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([1, 2], r"must be strings, but .* contains: int 1\. Pass strings, one per document, or lists of tokens\."),
        ([b"a", b"b"], r"contains: bytes b'a'\. Decode them first: text\.decode"),
        (np.array([b"a"]), r"contains: bytes_ .*Decode them"),
        ([[1, 2], [3]], r"contains: list \[1, 2\]\. The tokens of a list must all be strings, but these are: int\."),
        ([{"body": "a"}], r"contains: dict .*Name the key of the texts with text_field: body\."),
        ([("one two three four five", "label")], r"contains: tuple .*"),
        ([None, 3.5, "a"][:2], r"contains: float 3\.5"),
        (NLP("a b"), r"was a single Doc\. Pass \[doc\]\."),
        ({"train": TEXTS}, r'was a single dict\. Pass one of its values, as texts\["train"\]'),
        (b"text", r"was a single bytes\. Pass \[text\]"),
        ("a text", r"was a single str: 'a text'\. Pass \[text\], or the path of a file\."),
        (datasets.DatasetDict({"a": [], "b": []}), r"must be one split of a dataset, was all splits: a, b\."),
        (pa.array([1, 2]), r"must contain strings, but column 'text' contains: int64"),
    ],
    ids=str,
)
def test_other_values_are_refused_with_a_remedy(texts, message):
    def endless():
        yield from texts if isinstance(texts, list) else ()
        yield from iter(lambda: texts[0], None)

    with pytest.raises(CorpusError, match=message):
        read(as_source(texts))
    if isinstance(texts, list):
        with pytest.raises(CorpusError, match=message):
            read(as_source(endless()))


def test_values_of_other_types_are_reported_with_an_example():
    with pytest.warns(CorpusWarning, match=r"Left out 2 of 42 documents, .* The first of them: list \['x', 'y'\]"):
        model = spacy_w2v.train(
            ["a b"] * 40 + [["x", "y"], 3], vector_size=2, epochs=1, min_count=1, workers=1, sample=0
        )
    assert model.meta["corpus"]["n_not_text"] == 2


TOKEN_SOURCES = {
    "lists": lambda: TOKENS,
    "tuples": lambda: [tuple(tokens) for tokens in TOKENS],
    "arrays": lambda: [np.array(tokens) for tokens in TOKENS],
    "generator": lambda: (tokens for tokens in TOKENS),
    "column": lambda: datasets.Dataset.from_dict({"text": TOKENS}),
    "arrow": lambda: pa.table({"text": TOKENS}),
    "pandas": lambda: pd.DataFrame({"text": TOKENS}),
}


@pytest.mark.parametrize("kind", TOKEN_SOURCES)
def test_lists_of_tokens_are_unchanged(kind):
    source = as_source(TOKEN_SOURCES[kind]())
    assert holds_tokens(source)
    assert read(source).texts == as_given(TOKENS)


@pytest.mark.parametrize("kind", TOKEN_SOURCES)
def test_models_of_tokens_have_just_these_words(kind):
    model = spacy_w2v.train(TOKEN_SOURCES[kind](), vector_size=2, epochs=1, min_count=1, workers=1, sample=0)
    assert set(model.words) == {"New York", "is", "big", "Rome", "old"}
    lower = spacy_w2v.train(
        TOKEN_SOURCES[kind](), vector_size=2, epochs=1, min_count=1, workers=1, sample=0, attr="LOWER", numbers="drop"
    )
    assert set(lower.words) == {"new york", "is", "big", "rome", "old"}


def test_sentences_of_gensim_are_read(tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("new york is big\nnew york is old\n" * 5)
    expected = [["new", "york", "is", "big"], ["new", "york", "is", "old"]] * 5
    lines = LineSentence(str(tmp_path / "texts" / "a.txt"))
    assert read(as_source(lines)).texts == as_given(expected)
    assert read(as_source(PathLineSentences(str(tmp_path / "texts")))).texts == as_given(expected)
    phrases = Phrases(expected, min_count=1, threshold=0.1)
    assert read(as_source(phrases[expected])).texts == as_given([phrases[tokens] for tokens in expected])


def test_docs_are_read_with_their_tokens():
    docs = [Doc(NLP.vocab, words=tokens) for tokens in TOKENS]
    for texts in (docs, (doc for doc in docs), DocBin(docs=docs), [doc[:] for doc in docs]):
        source = as_source(texts)
        assert not holds_tokens(source), "their words are of the attribute of the settings"
        assert read(source).texts == as_given(TOKENS)


def test_sentences_of_docs_are_kept():
    doc = Doc(NLP.vocab, words=["a", "b", "c"], sent_starts=[True, False, True])
    assert read(as_source([doc])).texts == [[["a", "b"], ["c"]]]


@pytest.mark.parametrize("form", [str, lambda path: path])
def test_paths_of_files_are_read(tmp_path, form):
    (tmp_path / "a.jsonl").write_text('{"body": "one"}\n')
    (tmp_path / "b.txt").write_text("two\n")
    assert read(as_source(form(tmp_path / "a.jsonl"), text_field="body")).texts == ["one"]
    assert read(as_source(form(tmp_path / "b.txt"))).texts == ["two"]
    assert read(as_source(str(tmp_path / "*.txt"))).texts == ["two"]
    with pytest.raises(CorpusError, match=r"must be existing files, was: \S*no\.txt"):
        read(as_source(tmp_path / "no.txt"))


# --- datasets


def shout(rows):
    return {"text": [text.upper() for text in rows["id"]]}


def test_a_transform_makes_the_rows():
    dataset = datasets.Dataset.from_dict({"id": TEXTS})
    changed = dataset.with_transform(shout)
    source = as_source(changed)
    assert source.fingerprint() is None
    assert read(source).texts == [text.upper() for text in TEXTS]
    dataset.set_transform(shout)
    assert read(as_source(dataset)).texts == [text.upper() for text in TEXTS]


def test_a_transform_without_the_column_is_refused():
    dataset = datasets.Dataset.from_dict({"text": TEXTS}).with_transform(lambda rows: {"ids": [1] * len(rows["text"])})
    with pytest.raises(CorpusError, match=r"must be a column of the dataset \(ids\), was: text"):
        as_source(dataset).fingerprint()


def rows_with_nulls():
    yield from ({"text": None if i % 50 == 49 else f"text {i}"} for i in range(1500))


@pytest.mark.parametrize("features", [None, datasets.Features({"text": datasets.Value("string")})])
def test_nulls_of_an_iterable_dataset_are_counted(features):
    actual = read(as_source(datasets.IterableDataset.from_generator(rows_with_nulls, features=features)))
    assert (len(actual.texts), actual.n_null) == (1470, 30)


MAKE_TABLES = {
    "list": list,
    "rows": lambda texts: [{"text": text} for text in texts],
    "pandas": lambda texts: pd.DataFrame({"text": texts}),
    "arrow": lambda texts: pa.table({"text": texts}),
    "dataset": lambda texts: datasets.Dataset.from_dict({"text": texts}),
}


@pytest.mark.parametrize("form", MAKE_TABLES)
def test_none_is_left_out_with_a_warning(form, tmp_path):
    texts = MAKE_TABLES[form](["a b", None, "c"])
    with pytest.warns(CorpusWarning, match=r"Left out 1 of 3 documents, because they are null\."):
        assert list(spacy_w2v.tokenize(texts, cache_dir=tmp_path)) == [["a", "b"], ["c"]]


def test_a_dataset_is_found_in_the_cache(tmp_path):
    dataset = datasets.Dataset.from_dict({"text": TEXTS, "other": TEXTS})
    first = as_source(dataset).fingerprint()
    assert first is not None
    assert as_source(datasets.Dataset.from_dict({"text": TEXTS, "other": TEXTS})).fingerprint() == first
    others = [
        as_source(dataset, text_field="other"),
        as_source(dataset.select([0])),
        as_source(dataset.map(lambda row: {"text": row["text"] + "!"})),
        as_source(datasets.Dataset.from_dict({"text": TEXTS[::-1], "other": TEXTS})),
    ]
    fingerprints = {source.fingerprint() for source in others}
    assert len(fingerprints) == 4
    assert first not in fingerprints


@pytest.mark.parametrize(
    ("split", "expected"),
    [("train", TEXTS), ("train[:50%]", TEXTS[:1]), ("train[1:]", TEXTS[1:]), ("train[-1:]+train[:1]", TEXTS[::-1])],
)
def test_parts_of_a_saved_dataset_are_read(tmp_path, split, expected):
    datasets.Dataset.from_dict({"text": TEXTS}).save_to_disk(str(tmp_path / "one"))
    datasets.DatasetDict({"train": datasets.Dataset.from_dict({"text": TEXTS})}).save_to_disk(str(tmp_path / "dict"))
    for path in ("one", "dict"):
        source = spacy_w2v.sources._huggingface.make_dataset_v1(path=str(tmp_path / path), split=split)
        assert read(source).texts == expected


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ("validation", r"split must be one of train, was: validation"),
        ("train[:x]", r"split must be the name of a split, or of a part of one, was: train\[:x\]"),
    ],
)
def test_missing_splits_are_refused(tmp_path, split, message):
    datasets.Dataset.from_dict({"text": TEXTS}).save_to_disk(str(tmp_path / "one"))
    with pytest.raises(CorpusError, match=message):
        read(spacy_w2v.sources._huggingface.make_dataset_v1(path=str(tmp_path / "one"), split=split))


# --- arguments of gensim


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("sentences", "the first argument of train"),
        ("corpus_file", "Give the path of the file as the first argument"),
        ("trim_rule", "min_count"),
        ("null_word", "Leave it out"),
        ("comment", "meta"),
        ("compute_loss", "always computed"),
        ("sorted_vocab", "always sorted"),
        ("batch_words", "Leave it out"),
        ("hashfxn", "the seed alone"),
        ("hs", "hierarchical-softmax"),
        ("sg", "skip-gram"),
        ("size", "vector_size"),
        ("iter", "epochs"),
    ],
)
@pytest.mark.parametrize("texts", [(), (["a b"],)], ids=["alone", "with texts"])
def test_errors_for_gensim_arguments_name_the_new_arguments(name, hint, texts):
    with pytest.raises(ConfigError, match=f"There is no setting '{name}'.*{hint}"):
        spacy_w2v.train(*texts, **{name: "x"})


def test_texts_must_be_given():
    with pytest.raises(ConfigError, match=r"train needs texts as its first argument"):
        spacy_w2v.train()
