"""DocBin files as a source of annotated documents: what is read, what is refused, and that nothing is lost."""

import contextlib
import random
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import spacy
import srsly
from spacy.attrs import IDS
from spacy.tokens import Doc, DocBin, Span

import spacy_w2v
from spacy_w2v.errors import CorpusError, CorpusWarning
from spacy_w2v.sources._annotated_sources import keeping_annotation
from spacy_w2v.sources._docbin_corpus import DocBinFiles
from spacy_w2v.sources._docbin_format import unpack_docbin
from spacy_w2v.sources._docbin_values import count_docs, docs_of_value, tokens_of_docs
from spacy_w2v.sources._iterables import as_source
from spacy_w2v.sources._source import ANNOTATED_DOCS, GIVEN_TOKENS

WORDS = ["The", "old", "duck", "saw", "New", "York", "."]


def make_doc(nlp, number: int = 0) -> Doc:
    """A Doc with all annotation, whose third word tells it from others."""
    return Doc(
        nlp.vocab,
        words=["The", "old", f"duck{number}", *WORDS[3:]],
        spaces=[True] * 5 + [False, False],
        pos=["DET", "ADJ", "NOUN", "VERB", "PROPN", "PROPN", "PUNCT"],
        tags=["DT", "JJ", "NN", "VBD", "NNP", "NNP", "."],
        lemmas=["the", "old", "duck", "see", "New", "York", "."],
        morphs=["", "Degree=Pos", "Number=Sing", "Tense=Past", "", "", ""],
        heads=[2, 2, 3, 3, 5, 3, 3],
        deps=["det", "amod", "nsubj", "ROOT", "compound", "dobj", "punct"],
        ents=["O", "O", "O", "O", "B-GPE", "I-GPE", "O"],
    )


@pytest.fixture
def nlp():
    return spacy.blank("en")


def write(path: Path, docs, **settings) -> Path:
    DocBin(docs=docs, **settings).to_disk(path)
    return path


def read_docs(source: DocBinFiles, vocab=None) -> list[Doc]:
    vocab = vocab or spacy.blank("en").vocab
    return [doc for batch in source.batches() for value in batch.texts for doc in docs_of_value(value.as_py(), vocab)]


def test_docs_have_all_that_was_written(nlp, tmp_path):
    docs = [make_doc(nlp, number) for number in range(3)]
    docs[1].spans["places"] = [Span(docs[1], 4, 6, label="CITY")]
    docs[1].cats = {"birds": 0.5}
    docs[2].user_data["source"] = ("page", 7)
    path = write(tmp_path / "docs.spacy", docs, store_user_data=True)
    batches = list(spacy_w2v.docbin(str(path)).batches())
    assert [(batch.n_documents, batch.fraction, batch.texts.type) for batch in batches] == [(3, 1.0, ANNOTATED_DOCS)]
    actual = read_docs(spacy_w2v.docbin(str(path)))
    for one, other in zip(docs, actual, strict=True):
        assert one.to_json() == other.to_json()
        assert [token.morph for token in one] == [token.morph for token in other]
    assert [chunk.text for chunk in actual[0].noun_chunks] == ["The old duck0", "New York"]
    assert [span.label_ for span in actual[1].spans["places"]] == ["CITY"]
    assert actual[2].user_data["source"] == ("page", 7)


def test_values_are_docbins_of_spacy(nlp, tmp_path, monkeypatch):
    """SpaCy reads each of them, with the strings of its own Docs only."""
    monkeypatch.setattr("spacy_w2v.sources._docbin_format.UnpackedDocs.values.__kwdefaults__", {"tokens_per_value": 15})
    docs = [make_doc(nlp, number) for number in range(5)]
    path = write(tmp_path / "docs.spacy", docs)
    (batch,) = spacy_w2v.docbin(str(path)).batches()
    assert count_docs(batch.texts) == [2, 2, 1]
    bins = [DocBin().from_bytes(value.as_py()) for value in batch.texts]
    assert "duck2" in bins[1].strings
    assert "duck1" not in bins[1].strings
    actual = [doc for each in bins for doc in each.get_docs(spacy.blank("en").vocab)]
    assert [doc.to_json() for doc in actual] == [doc.to_json() for doc in docs]


def test_batches_are_small(nlp, tmp_path, monkeypatch):
    monkeypatch.setattr("spacy_w2v.sources._docbin_format.UnpackedDocs.values.__kwdefaults__", {"tokens_per_value": 7})
    path = write(tmp_path / "docs.spacy", [make_doc(nlp, number) for number in range(20)])
    batches = list(spacy_w2v.docbin(str(path)).batches())
    assert [(batch.n_documents, round(batch.fraction, 2)) for batch in batches] == [(8, 0.4), (8, 0.8), (4, 1.0)]


def test_folders_globs_and_lists(nlp, tmp_path):
    for number, name in enumerate(["b/1.spacy", "a.spacy", "b/0.spacy", ".hidden/0.spacy"]):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write(tmp_path / name, [make_doc(nlp, number)])
    (tmp_path / "manifest.json").write_text("{}")

    def ducks(path):
        return [doc[2].text for doc in read_docs(spacy_w2v.docbin(path))]

    assert ducks(str(tmp_path)) == ["duck1", "duck2", "duck0"]
    assert ducks(f"{tmp_path}/b/*.spacy") == ["duck2", "duck0"]
    assert ducks([f"{tmp_path}/b/1.spacy", str(tmp_path)]) == ["duck0", "duck1", "duck2", "duck0"]
    assert ducks(tmp_path / "a.spacy") == ["duck1"]


def test_the_reader_of_configs(nlp, tmp_path):
    path = write(tmp_path / "docs.spacy", [make_doc(nlp)])
    source = spacy.registry.readers.get("spacy_w2v.DocBin.v1")(path=str(path))
    assert [doc.text for doc in read_docs(source)] == ["The old duck0 saw New York."]
    assert source.name == str(path)
    assert repr(source) == f"DocBinFiles({str(path)!r})"


def test_max_documents(nlp, tmp_path):
    for name in "ab":
        write(tmp_path / f"{name}.spacy", [make_doc(nlp, number) for number in range(3)])
    source = spacy_w2v.docbin(str(tmp_path), max_documents=4)
    assert [doc[2].text for doc in read_docs(source)] == ["duck0", "duck1", "duck2", "duck0"]
    assert len(source.parts(1)) == 1
    assert len(spacy_w2v.docbin(str(tmp_path)).parts(1)) == 2
    with pytest.raises(CorpusError, match="max_documents must be at least 1, was: 0"):
        spacy_w2v.docbin(str(tmp_path), max_documents=0)
    with pytest.raises(CorpusError, match="path must name at least one file or directory, was an empty list"):
        spacy_w2v.docbin([])


def test_fingerprint_follows_the_content(nlp, tmp_path):
    path = write(tmp_path / "docs.spacy", [make_doc(nlp)])
    source = spacy_w2v.docbin(str(path))
    first = source.fingerprint()
    assert first == spacy_w2v.docbin(str(path)).fingerprint() != spacy_w2v.docbin(str(path), 1).fingerprint()
    write(path, [make_doc(nlp, 1)])
    assert source.fingerprint() != first


def test_parts_have_the_same_docs(nlp, tmp_path):
    for number in range(4):
        write(tmp_path / f"{number}.spacy", [make_doc(nlp, number)])
    source = spacy_w2v.docbin(str(tmp_path))
    size = (tmp_path / "0.spacy").stat().st_size
    parts = source.parts(2 * size + 50)
    assert len(parts) == 2
    assert [doc[2].text for part in parts for doc in read_docs(part.source)] == [f"duck{n}" for n in range(4)]
    assert len({part.source.fingerprint() for part in parts}) == 2
    source.check()


def test_texts_and_tokens(nlp, tmp_path):
    """Without keys, the words of Docs are tokens, in their sentences, as those of spacy_w2v.Dataset.v1."""
    two = Doc(
        nlp.vocab, words=["A", "b", ".", "C", "."], spaces=[True] * 5, sent_starts=[True, False, False, True, False]
    )
    path = str(write(tmp_path / "docs.spacy", [make_doc(nlp), two]))
    source = spacy_w2v.docbin(path)
    assert list(source) == ["The old duck0 saw New York.", "A b . C . "]
    (batch,) = source.batches()
    tokens = tokens_of_docs(batch.texts)
    assert tokens.type == GIVEN_TOKENS
    assert tokens.to_pylist() == [[["The", "old", "duck0", *WORDS[3:]]], [["A", "b", "."], ["C", "."]]]
    settings = {"boundary": "sentence"}
    of_dataset = spacy_w2v.dataset(data_files=path)
    assert list(spacy_w2v.tokenize(source, **settings)) == list(spacy_w2v.tokenize(of_dataset, **settings))
    assert list(spacy_w2v.tokenize(source, **settings))[1:] == [["a", "b", "."], ["c", "."]]


def test_mixtures_count_docs(nlp, tmp_path):
    """A mixture is made document by document, although several Docs are in one value."""
    path = str(write(tmp_path / "docs.spacy", [make_doc(nlp, number) for number in range(40)]))
    mixture = spacy_w2v.interleave(
        {"docs": spacy_w2v.docbin(path), "texts": ["a b"] * 10}, weights={"docs": 1, "texts": 1},
        stop="all_exhausted_without_replacement",
    )  # fmt: skip
    texts = list(mixture)
    assert len(texts) == 50
    assert texts.index("The old duck39 saw New York.") > texts.index("The old duck38 saw New York.")
    both = spacy_w2v.concatenate({"docs": spacy_w2v.docbin(path), "texts": ["a b"]})
    assert sum(batch.n_documents for batch in both.batches()) == 41


def test_few_columns_and_unknown_spaces(nlp, tmp_path):
    doc = Doc(nlp.vocab, words=["a", "b", "\n", "NOUN"])
    path = write(tmp_path / "docs.spacy", [doc, Doc(nlp.vocab)], attrs=["ORTH"])
    first, second = read_docs(spacy_w2v.docbin(str(path)))
    assert [token.text for token in first] == ["a", "b", "\n", "NOUN"]
    assert first.has_unknown_spaces
    assert len(second) == 0
    assert not first.has_annotation("LEMMA")


def test_strings_are_transient(nlp, tmp_path):
    path = write(tmp_path / "docs.spacy", [make_doc(nlp)])
    vocab = spacy.blank("en").vocab
    with vocab.memory_zone():
        assert len(read_docs(spacy_w2v.docbin(str(path)), vocab)) == 1
        assert "duck0" in vocab.strings
    assert "duck0" not in vocab.strings


def test_empty_files(nlp, tmp_path):
    (tmp_path / "0.spacy").touch()
    with pytest.raises(CorpusError, match=r"path must name DocBin files of spaCy, but all are empty: .*0.spacy"):
        list(spacy_w2v.docbin(str(tmp_path)).batches())
    write(tmp_path / "1.spacy", [make_doc(nlp)])
    write(tmp_path / "2.spacy", [])
    with pytest.warns(CorpusWarning, match="Left out 1 of 3 files because they are empty"):
        assert len(read_docs(spacy_w2v.docbin(str(tmp_path)))) == 1


def test_missing_files(tmp_path):
    with pytest.raises(CorpusError, match=r"path must be a .spacy file or a directory with some, but .* has none"):
        spacy_w2v.docbin(str(tmp_path)).fingerprint()
    with pytest.raises(CorpusError, match=r"path must be existing files, was: .*no.spacy. There is no such file."):
        spacy_w2v.docbin(str(tmp_path / "no.spacy")).fingerprint()


def column(message, name: str) -> np.ndarray:
    tokens = np.frombuffer(message["tokens"], np.uint64).reshape(-1, len(message["attrs"])).copy()
    message["tokens"] = tokens
    return tokens[:, message["attrs"].index(IDS[name])]


def set_first(message, name: str, value: int, *, place: int = 0) -> None:
    column(message, name)[place] = np.int64(value).astype(np.uint64)
    message["tokens"] = message["tokens"].tobytes()


DAMAGE = {
    "no field": (lambda m: m.pop("lengths"), "has no 'lengths'"),
    "strings are missing": (lambda m: m["strings"].remove("Degree=Pos"), "it has no string for the MORPH"),
    "word is missing": (lambda m: m["strings"].remove("duck0"), "it has no string for the ORTH"),
    "word is empty": (lambda m: set_first(m, "ORTH", 0), "it has no string for the ORTH 0"),
    "strings are numbers": (lambda m: m.update(strings=[1]), "its strings are something else"),
    "attribute is unknown": (lambda m: m["attrs"].append(9_999), "spaCy does not know all of its attributes"),
    "attributes are text": (lambda m: m.update(attrs="ORTH"), "spaCy does not know all of its attributes"),
    "attributes are twice": (lambda m: m["attrs"].append(65), "its attributes must be distinct and include ORTH"),
    "no ORTH": (lambda m: m["attrs"].remove(65), "its attributes must be distinct and include ORTH"),
    "tokens are cut": (lambda m: m.update(tokens=m["tokens"][:-8]), "its Docs have 14 tokens, but there are"),
    "spaces are cut": (lambda m: m.update(spaces=m["spaces"][:-1]), "its Docs have 14 tokens, but there are .* 13"),
    "lengths are negative": (lambda m: m.update(lengths=np.array([-1, 15], np.int32).tobytes()), "its Docs have 14"),
    "head outside": (lambda m: set_first(m, "HEAD", 7), "the HEAD of token 0 of Doc 0 is outside of its Doc"),
    "head before": (lambda m: set_first(m, "HEAD", -3, place=9), "the HEAD of token 2 of Doc 1 is outside of its Doc"),
    "circle": (lambda m: set_first(m, "HEAD", -1, place=10), "lead around in a circle"),
    "part of speech": (lambda m: set_first(m, "POS", 7), "it has the POS 7"),
    "ENT_IOB": (lambda m: set_first(m, "ENT_IOB", 4), "it has the ENT_IOB 4"),
    "entity without begin": (lambda m: set_first(m, "ENT_IOB", 1, place=7), "token 0 of Doc 1 is inside of an entity"),
    "SENT_START": (lambda m: set_first(m, "SENT_START", 2), "it has the SENT_START 2"),
    "cats": (lambda m: m["cats"].pop(), "it has 2 Docs, but another number of cats"),
    "not a map": (lambda m: m.clear(), "has no 'attrs'"),
}  # fmt: skip


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_content(kind, nlp, tmp_path):
    damage, expected = DAMAGE[kind]
    docs = DocBin(docs=[make_doc(nlp), make_doc(nlp, 1)])
    message = srsly.msgpack_loads(zlib.decompress(docs.to_bytes()))
    damage(message)
    (tmp_path / "bad.spacy").write_bytes(zlib.compress(srsly.msgpack_dumps(message)))
    with pytest.raises(CorpusError, match=f"bad.spacy must contain Docs of spaCy, but .*{expected}"):
        list(spacy_w2v.docbin(str(tmp_path / "bad.spacy")).batches())


@pytest.mark.parametrize(
    "content",
    [b"not a DocBin", zlib.compress(b"\xc1"), zlib.compress(srsly.msgpack_dumps({"a": 1}))[:-3]],
    ids=["text", "not msgpack", "truncated"],
)
def test_other_files(content, tmp_path):
    (tmp_path / "bad.spacy").write_bytes(content)
    with pytest.raises(CorpusError, match=r"bad.spacy must be a DocBin file of spaCy, but is not"):
        list(spacy_w2v.docbin(str(tmp_path / "bad.spacy")).batches())


def test_every_truncation_is_noticed(nlp):
    content = DocBin(docs=[make_doc(nlp)]).to_bytes()
    for end in range(0, len(content), 7):
        with pytest.raises(CorpusError, match="must be a DocBin file of spaCy"):
            unpack_docbin(content[:end], name="docs.spacy")


def test_damaged_spans_and_user_data(nlp):
    for field, value in (("span_groups", b"\xc1"), ("user_data", b"\x91\x01")):
        docs = DocBin(docs=[make_doc(nlp)], store_user_data=True)
        message = srsly.msgpack_loads(zlib.decompress(docs.to_bytes()))
        message[field] = [value]
        content = zlib.compress(srsly.msgpack_dumps(message))
        with pytest.raises(CorpusError, match=r"those of 'The old duck0 saw New York.' are damaged"):
            list(docs_of_value(content, nlp.vocab))


@pytest.mark.parametrize("seed", range(4))
def test_changed_bytes_are_refused_or_harmless(seed, nlp):
    """Whatever a byte becomes: a Doc of which all can be read, or CorpusError."""
    docs = [make_doc(nlp, number) for number in range(3)]
    docs[0].spans["x"] = [Span(docs[0], 1, 3, label="A"), Span(docs[0], 4, 6, label="B")]
    docs[1].cats = {"birds": 1.0}
    for doc in docs:
        doc.user_data["source"] = ("page", 7)
    content = zlib.decompress(DocBin(docs=docs, store_user_data=True).to_bytes())
    chooser = random.Random(seed)
    n_read = 0
    for _ in range(200):
        changed = bytearray(content)
        changed[chooser.randrange(len(changed))] = chooser.randrange(256)
        with contextlib.suppress(CorpusError):
            for doc in docs_of_value(zlib.compress(bytes(changed)), nlp.vocab):
                read_all(doc)
                n_read += 1
    assert n_read > 10


def read_all(doc: Doc) -> None:
    """Read all annotation, as key functions may."""
    for token in doc:
        assert isinstance(f"{token.lemma_} {token.pos_} {token.tag_} {token.morph} {token.dep_} {token.norm_}", str)
        assert token.head in doc
        assert token in list(token.subtree)
    assert all(entity.label_ is not None for entity in doc.ents)
    assert all(chunk.text for chunk in doc.noun_chunks)
    assert all(span.text for group in doc.spans.values() for span in group)


def test_examples_for_pretraining(nlp, tmp_path):
    from spacy_w2v.pipeline._examples import ExamplesCorpus

    path = write(tmp_path / "docs.spacy", [make_doc(nlp), make_doc(nlp, 1)])
    examples = list(ExamplesCorpus(spacy_w2v.docbin(str(path)))(nlp))
    assert [example.x[2].text for example in examples] == ["duck0", "duck1"]


# other sources of Docs, for keys


def keeps(source, expected):
    """Whether a source has exactly these Docs, with annotation."""
    actual = read_docs(keeping_annotation(as_source(source)))
    return [doc.to_json() for doc in actual] == [doc.to_json() for doc in expected]


def test_sources_of_docs_keep_their_annotation(nlp, tmp_path):
    docs = [make_doc(nlp, number) for number in range(3)]
    path = str(write(tmp_path / "docs.spacy", docs))
    assert keeps(path, docs)
    assert keeps([tmp_path / "docs.spacy"], docs)
    assert keeps(spacy_w2v.dataset(data_files=path, max_documents=2), docs[:2])
    assert keeps(spacy_w2v.concatenate({"one": path, "two": docs[:1]}), [*docs, docs[0]])
    assert keeps(DocBin(docs=docs), docs)
    assert keeps(docs, docs)
    assert keeps(iter(docs), docs)
    assert keeps([docs[0][:5]], [docs[0][:5].as_doc()])


def test_texts_stay_texts():
    mixed = keeping_annotation(spacy_w2v.concatenate({"texts": ["a b"], "wiki": spacy_w2v.gensim_wiki(1)}))
    assert {str(batch.texts.type) for batch in mixed.batches()} == {"large_string"}
    (batch,) = keeping_annotation(as_source([["a", "b"]])).batches()
    assert batch.texts.type == GIVEN_TOKENS


def test_the_type_is_that_of_arrow():
    assert pa.large_binary() == ANNOTATED_DOCS
