"""Almost valid forms of texts: each is read as expected, or refused with a remedy."""

import csv
import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import spacy
from gensim.models import KeyedVectors
from helpers_corpus import read

import spacy_w2v
from spacy_w2v.errors import ConfigError, CorpusError, CorpusWarning, StorageError
from spacy_w2v.formats._opening import open_vectors
from spacy_w2v.sources._huggingface import make_dataset_v1
from spacy_w2v.sources._interleaving import make_interleave_v2
from spacy_w2v.sources._iterables import as_source, holds_tokens
from spacy_w2v.sources._source import GIVEN_TOKENS
from spacy_w2v.tokenization._given_tokens import GivenTokensEncoder
from spacy_w2v.tokenization._tokens import TokenRules

TEXTS = ["The cat sat.", "A dog ran."]


def test_a_lone_surrogate_in_the_first_texts_is_a_clear_error():
    with pytest.raises(CorpusError, match=r"lone surrogate: '.ud800'"):
        spacy_w2v.train(["a \ud800 b", "c d"], min_count=1)


def test_an_array_without_dimensions_is_not_iterable():
    with pytest.raises(CorpusError, match=r"must be an iterable of strings .* was: ndarray"):
        as_source(np.array("The cat"))


def files_of_texts(tmp_path):
    paths = [tmp_path / "a.txt", tmp_path / "b.txt"]
    for path, text in zip(paths, TEXTS, strict=True):
        path.write_text(text + "\n")
    return paths


def test_a_list_of_paths_is_read(tmp_path):
    assert read(as_source(files_of_texts(tmp_path))).texts == TEXTS


def test_strings_that_are_paths_are_not_documents(tmp_path):
    paths = [str(path) for path in files_of_texts(tmp_path)]
    for texts in (paths, set(paths), iter(paths), pd.Series(paths)):
        with pytest.raises(
            CorpusError, match=r"are paths of files, such as .*pass a list of Path objects: \[Path\(path\)"
        ):
            holds_tokens(as_source(texts))
    assert read(as_source([*paths, "The end."])).texts == [*paths, "The end."]


def test_a_generator_of_paths_is_refused_with_a_remedy(tmp_path):
    with pytest.raises(CorpusError, match=r"list\(paths\)"):
        read(as_source(path for path in files_of_texts(tmp_path)))


def test_rows_are_not_tokens():
    with pytest.raises(CorpusError, match=r"was a reader, which yields rows\. Pass csv\.DictReader"):
        as_source(csv.reader(["id,text", "1,The cat"]))
    with pytest.raises(CorpusError, match="was a zip, which yields rows"):
        as_source(zip(TEXTS, ["good", "bad"], strict=True))
    assert read(as_source(csv.DictReader(["id,text", "1,The cat"]))).texts == ["The cat"]


def encode(documents):
    encoder = GivenTokensEncoder(
        spacy.blank("en"), rules=TokenRules("ORTH", "keep", "keep"), boundary="line", min_tokens=1
    )
    encoder.encode(pa.array([[document] for document in documents], GIVEN_TOKENS))


def test_lists_of_texts_and_lists_of_tokens_are_distinguished():
    with pytest.warns(CorpusWarning, match="most of them contain white space, such as str 'The cat sat.'"):
        encode([TEXTS, ["One", *TEXTS]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        encode([["New York", "is", "big"], ["Los Angeles", "too"]])


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame([TEXTS], columns=["text", "text"]),
        pa.table([pa.array(TEXTS), pa.array(TEXTS)], names=["text", "text"]),
    ],
    ids=["pandas", "arrow"],
)
def test_a_name_of_two_columns_is_refused(table):
    with pytest.raises(CorpusError, match=r"one column of the table .*, but 2 have the name: text"):
        as_source(table)


def test_a_name_of_two_columns_of_a_file_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("text,text\nThe cat,a dog\n")
    with pytest.raises(CorpusError, match="but 2 have the name: text"):
        read(make_dataset_v1(data_files=str(tmp_path / "a.csv")))


def test_columns_of_pandas_need_not_be_named_by_strings():
    frame = pd.DataFrame([["1", TEXTS[0]], ["2", TEXTS[1]]])
    assert read(as_source(frame, text_field="1")).texts == TEXTS
    assert read(as_source(frame, text_field=["0", "1"])).texts == ["1\nThe cat sat.", "2\nA dog ran."]


def test_joined_columns_of_mixed_types_are_refused():
    frame = pd.DataFrame({"title": ["One", 2], "text": TEXTS})
    with pytest.raises(CorpusError, match="All columns to join must contain strings, but 'title' does not"):
        read(as_source(frame, text_field=["title", "text"]))


def test_categories_of_string_views_are_read():
    views = pa.DictionaryArray.from_arrays(pa.array([0, None, 1]), pa.array(TEXTS, pa.string_view()))
    assert read(as_source(views)).texts == TEXTS


def test_tables_in_a_list_are_refused_with_a_remedy():
    with pytest.raises(CorpusError, match="for table in tables") as error:
        read(as_source([pd.DataFrame({"text": TEXTS})]))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "header", "message"),
    [
        ("a.csv", "text;id", "by commas in a .csv file, but .* seems to use ';'. Convert the file."),
        ("a.csv", "sep=;", "seems to use ';'"),
        ("a.csv", "text\tid", "seems to use '.t'. Rename it to .tsv."),
        ("a.tsv", "text,id", "by tabs in a .tsv file, but .* seems to use ','. Rename it to .csv."),
    ],
)
def test_other_separators_are_reported(tmp_path, name, header, message):
    (tmp_path / name).write_text(f"{header}\nThe cat\n")
    with pytest.raises(CorpusError, match=message):
        read(make_dataset_v1(data_files=str(tmp_path / name)))


@pytest.mark.parametrize("orient", ["split", "index", "table"])
def test_json_of_pandas_in_other_layouts_names_its_fields(tmp_path, orient):
    pd.DataFrame({"text": TEXTS}).to_json(tmp_path / "a.json", orient=orient)
    names = ", ".join(json.loads((tmp_path / "a.json").read_text()))
    with pytest.raises(CorpusError, match=f"a column of the dataset .{names}., was: text"):
        read(make_dataset_v1(data_files=str(tmp_path / "a.json")))


def test_utf_32_and_utf_16_are_distinguished(tmp_path):
    path: Path = tmp_path / "a.txt"
    path.write_text("the 0.1 0.2\n", encoding="utf-32")
    with pytest.raises(CorpusError, match='encoding = "utf-32"'):
        read(make_dataset_v1(data_files=str(path)))
    assert read(make_dataset_v1(data_files=str(path), encoding="utf-32")).texts == ["the 0.1 0.2"]
    with pytest.raises(StorageError, match="iconv -f UTF-32 -t UTF-8"):
        open_vectors(str(path))


def test_a_missing_array_of_gensim_is_named(tmp_path):
    vectors = KeyedVectors(2)
    vectors.add_vectors(["the", "cat"], np.ones((2, 2)))
    vectors.save(str(tmp_path / "a.kv"), sep_limit=0)
    (tmp_path / "a.kv.vectors.npy").unlink()
    with pytest.raises(StorageError, match=r"All files that gensim saved .* but .*a\.kv\.vectors\.npy is missing"):
        open_vectors(str(tmp_path / "a.kv"))


def test_gensim_keys_other_than_words_are_left_out():
    vectors = KeyedVectors(2)
    vectors.add_vectors(["", None, "the"], np.arange(6.0).reshape(3, 2))
    source = open_vectors(vectors)
    assert source.words == ["the"]
    assert source.matrix[source.rows[0]].tolist() == [4.0, 5.0]


def test_a_pipeline_without_vectors_is_named_once():
    with pytest.raises(ConfigError, match="but the pipeline en_pipeline has no vectors"):
        open_vectors(spacy.blank("en"))


@pytest.mark.parametrize(
    ("weight", "seed", "message"), [(1e308, 0, "weights must have a finite sum"), (1, -1, "seed must be at least 0")]
)
def test_invalid_weights_and_seeds_are_refused(weight, seed, message):
    sources = {"a": as_source(TEXTS), "b": as_source(TEXTS)}
    with pytest.raises(CorpusError, match=message):
        make_interleave_v2(sources, weights={"a": weight, "b": weight}, seed=seed)
