"""`spacy w2v annotate`: files that spaCy reads, the same keys as of live annotation, and interruptions at any time."""

import json
import os
import signal
import time
from pathlib import Path

import pytest
import spacy
from helpers_cli import SIGKILL, files_below, plain, start, w2v, w2v_here
from helpers_keys import LEMMAS, SENTENCES, annotated_doc, parsed_english, rule_pipeline
from spacy.attrs import IDS
from spacy.language import Language
from spacy.tokens import DocBin

import spacy_w2v
from spacy_w2v.keys._lemmas import LemmaPosKeys
from spacy_w2v.keys._senses import SenseKeys
from spacy_w2v.sources._docbin_values import docs_of_value

CONFIG = """
[nlp]
lang = "en"

[w2v]

[w2v.corpus]
@readers = "spacy_w2v.Dataset.v1"
data_files = "texts.txt"

[w2v.tokens]
pipeline = "rules"
n_process = 1
"""

CODE = """
import os, time
from spacy.language import Language

@Language.component("heads", assigns=["token.dep", "token.head"])
def heads(doc):
    time.sleep(float(os.environ.get("SECONDS_A_DOC", 0)))
    for token in doc:
        token.head = doc[0]
        token.dep_ = "dep" if token.i else "ROOT"
    return doc
"""
"""A parser that makes the first word the head of all, and takes time."""


@Language.component("heads", assigns=["token.dep", "token.head"])
def heads(doc):
    """The same."""
    for token in doc:
        token.head = doc[0]
        token.dep_ = "dep" if token.i else "ROOT"
    return doc


TEXTS = [f"The ducks swam in New York. London {number} has a park." for number in range(40)]


@pytest.fixture
def workplace(tmp_path):
    """A directory with a config, its texts and its pipeline of rules."""
    rule_pipeline().to_disk(tmp_path / "rules")
    (tmp_path / "texts.txt").write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    (tmp_path / "config.cfg").write_text(CONFIG)
    return tmp_path


@pytest.fixture
def with_parser(workplace):
    """The same with a parser in `code.py`, and with many small sources, each of which is a task."""
    (workplace / "code.py").write_text(CODE)
    config = CONFIG.replace('Dataset.v1"\ndata_files = "texts.txt"', 'Concatenate.v1"\n\n[w2v.corpus.sources]')
    for number, text in enumerate(TEXTS):
        (workplace / f"{number}.txt").write_text(text + "\n")
        block = f'[w2v.corpus.sources.{number}]\n@readers = "spacy_w2v.Dataset.v1"\ndata_files = "{number}.txt"\n'
        config += f"\n{block}"
    (workplace / "config.cfg").write_text(config)
    nlp = rule_pipeline()
    nlp.add_pipe("heads")
    nlp.to_disk(workplace / "rules")
    return workplace


@pytest.fixture(autouse=True)
def small_tasks(monkeypatch):
    """A task has a few texts, so that several make up a file."""
    monkeypatch.setattr("spacy_w2v.corpus.shards._cutting.SMALL_BYTES", 200)


def docs_in(directory: Path, vocab=None) -> list:
    """The Docs of the files, as spaCy reads them."""
    vocab = vocab or spacy.blank("en").vocab
    files = sorted(directory.glob("*.spacy"))
    return [doc for file in files for doc in DocBin().from_disk(file).get_docs(vocab)]


def manifest_of(directory: Path) -> dict:
    return json.loads((directory / "manifest.json").read_text(encoding="utf-8"))


def shards_of(directory: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(directory.iterdir()) if file.suffix in (".spacy", ".json")}


def test_files_have_what_the_pipeline_sets(workplace):
    result = w2v_here("annotate", "config.cfg", "out", "--tokens-per-file", 130, cwd=workplace)
    assert result.code == 0, result.said
    assert "Components that run: sentencizer, attribute_ruler, lemmatizer, entity_ruler" in result.said
    assert "Documents 40 Tokens 520 Files 4" in result.said
    assert "Saved the annotated documents to out" in result.said
    assert sorted(files_below(workplace / "out")) == [*(f"0000{n}.spacy" for n in range(4)), "manifest.json"]
    docs = docs_in(workplace / "out")
    nlp = spacy.load(workplace / "rules")
    assert [doc.to_json() for doc in docs] == [nlp(text).to_json() for text in TEXTS]
    assert [token.lemma_ for token in docs[0]][:3] == ["The", LEMMAS["ducks"], LEMMAS["swam"]]
    assert [entity.text for entity in docs[0].ents] == ["New York", "London"]
    assert len(list(docs[0].sents)) == 2


def test_the_manifest_says_what_was_made_of_what(workplace):
    assert w2v_here("annotate", "config.cfg", "out", "--tokens-per-file", 130, cwd=workplace).code == 0
    manifest = manifest_of(workplace / "out")
    made_of = manifest["made_of"]
    assert (manifest["format"], manifest["is_complete"]) == ("spacy-w2v annotated documents", True)
    assert made_of["source"] == "texts.txt"
    assert made_of["source_fingerprint"].startswith("dataset:")
    assert made_of["attributes"] == [
        *("ORTH", "SPACY", "LEMMA", "POS", "TAG", "MORPH", "DEP", "HEAD", "SENT_START", "ENT_IOB", "ENT_TYPE")
    ]
    assert list(made_of["components"]) == ["sentencizer", "attribute_ruler", "lemmatizer", "entity_ruler"]
    assert (made_of["spacy"], made_of["spacy_w2v"]) == (spacy.__version__, spacy_w2v.__version__)
    assert sum(shard["n_documents"] for shard in manifest["shards"]) == 40
    assert sum(shard["n_tokens"] for shard in manifest["shards"]) == 520
    assert set(manifest["files"]) == {f"0000{number}.spacy" for number in range(4)}


def test_spacy_reads_the_directory(workplace):
    """As a corpus for training, and as a DocBin with the attributes that keys need."""
    assert w2v_here("annotate", "config.cfg", "out", cwd=workplace).code == 0
    nlp = spacy.blank("en")
    corpus = spacy.registry.readers.get("spacy.Corpus.v1")(
        workplace / "out", gold_preproc=False, max_length=0, limit=0, augmenter=None
    )
    examples = list(corpus(nlp))
    assert [example.reference.text for example in examples] == TEXTS
    assert [token.pos_ for token in examples[0].reference][:3] == ["DET", "NOUN", "VERB"]
    docs = DocBin().from_disk(workplace / "out" / "00000.spacy")
    assert {"HEAD", "SENT_START", "MORPH"} <= {name for name, number in IDS.items() if number in docs.attrs}
    assert sorted(docs.strings) == sorted(set(docs.strings))


def test_keys_are_those_of_live_annotation(with_parser):
    result = w2v("annotate", "config.cfg", "out", "--code", "code.py", cwd=with_parser)
    assert "entity_ruler, heads" in result.said
    live = list(spacy.load(with_parser / "rules").pipe(TEXTS))
    source = spacy_w2v.docbin(str(with_parser / "out"))
    vocab = spacy.blank("en").vocab
    read = [doc for batch in source.batches() for value in batch.texts for doc in docs_of_value(value.as_py(), vocab)]
    for function in (SenseKeys(), SenseKeys(lemma=True), LemmaPosKeys()):
        assert [list(function(doc)) for doc in read] == [list(function(doc)) for doc in live]
    assert (4, 6, "New_York|GPE") in [*map(tuple, SenseKeys()(read[0]))]


def test_keys_of_a_trained_pipeline(tmp_path):
    nlp = parsed_english()
    (tmp_path / "texts.txt").write_text("\n".join(SENTENCES * 3), encoding="utf-8")
    (tmp_path / "config.cfg").write_text(CONFIG.replace('"rules"', '"en_core_web_sm"'))
    assert w2v_here("annotate", "config.cfg", "out", cwd=tmp_path).code == 0
    docs = docs_in(tmp_path / "out")
    function = SenseKeys()
    live = [nlp(text) for text in SENTENCES * 3]
    assert [list(function(doc)) for doc in docs] == [list(function(doc)) for doc in live]
    assert [[str(token.morph) for token in doc] for doc in docs] == [
        [str(token.morph) for token in doc] for doc in live
    ]


def test_two_processes_write_the_same_bytes(with_parser):
    code = ("--code", "code.py", "--tokens-per-file", 130)
    w2v("annotate", "config.cfg", "one", *code, cwd=with_parser)
    w2v("annotate", "config.cfg", "two", *code, "--n-process", 2, cwd=with_parser)
    assert shards_of(with_parser / "one") == shards_of(with_parser / "two")


def test_a_long_text_is_one_doc(workplace, monkeypatch):
    """It is annotated in parts, as live, and its heads and sentences stay those of the parts."""
    monkeypatch.setattr("spacy_w2v.tokenization.annotation._pieces.MAX_CHARACTERS", 60)
    text = " ".join(TEXTS[:5])
    (workplace / "texts.txt").write_text(f"{text}\nA duck.\n", encoding="utf-8")
    assert w2v_here("annotate", "config.cfg", "out", cwd=workplace).code == 0
    docs = docs_in(workplace / "out")
    assert [doc.text for doc in docs] == [text, "A duck."]
    assert [entity.text for entity in docs[0].ents] == ["New York", "London"] * 5
    assert len(list(docs[0].sents)) == 10


def test_tokens_and_docs_are_annotated_without_the_tokenizer(workplace):
    nlp = spacy.blank("en")
    DocBin(docs=[nlp("ducks swam-in London."), annotated_doc(nlp)]).to_disk(workplace / "docs.spacy")
    for number, reader in enumerate(['"spacy_w2v.Dataset.v1"\ndata_files', '"spacy_w2v.DocBin.v1"\npath']):
        config = CONFIG.replace('"spacy_w2v.Dataset.v1"\ndata_files = "texts.txt"', f'{reader} = "docs.spacy"')
        (workplace / "config.cfg").write_text(config)
        assert w2v_here("annotate", "config.cfg", str(number), cwd=workplace).code == 0
        docs = docs_in(workplace / str(number))
        assert [token.text for token in docs[0]] == ["ducks", "swam", "-", "in", "London", "."]
        assert docs[0][0].lemma_ == "duck"
        assert docs[0].ents[0].label_ == "GPE"
        assert docs[1].to_json() == annotated_doc(nlp).to_json()  # it had all annotation, of another pipeline


def test_null_documents_are_counted(workplace):
    (workplace / "texts.jsonl").write_text('{"text": "A duck."}\n{"text": null}\n{"text": "London."}\n')
    config = CONFIG.replace("texts.txt", "texts.jsonl")
    (workplace / "config.cfg").write_text(config)
    result = w2v("annotate", "config.cfg", "out", cwd=workplace)
    assert "Left out 1 of 3 documents, because they are null." in result.said
    assert "Documents 2 Documents left out 1" in result.said


def test_max_tokens_and_max_documents(workplace):
    options = ["--w2v.corpus.max_documents", 5]
    assert "Documents 5" in w2v_here("annotate", "config.cfg", "few", *options, cwd=workplace).said
    options = ["--w2v.tokens.max_tokens", 50]
    assert "Documents 5" in w2v_here("annotate", "config.cfg", "short", *options, cwd=workplace).said


# continuing


def test_a_complete_directory_stays_as_it_is(workplace):
    assert w2v_here("annotate", "config.cfg", "out", cwd=workplace).code == 0
    before = files_below(workplace / "out")
    result = w2v_here("annotate", "config.cfg", "out", cwd=workplace)
    assert result.code == 0
    assert "All documents are annotated already" in result.said
    assert files_below(workplace / "out") == before


def interrupted(directory: Path, signal_number: int, *, options=()) -> str:
    """Start to annotate slowly, send a signal when there are two files, and return what was said."""
    environment = {"SECONDS_A_DOC": "0.1"}
    os.environ.update(environment)
    try:
        process = start(
            "annotate", "config.cfg", "out", "--code", "code.py", "--tokens-per-file", 60, *options, cwd=directory
        )
    finally:
        del os.environ["SECONDS_A_DOC"]
    end = time.monotonic() + 60
    while len(list((directory / "out").glob("*.spacy"))) < 2 and time.monotonic() < end:
        time.sleep(0.01)
    process.send_signal(signal_number)
    out, error = process.communicate(timeout=60)
    assert process.returncode in (128 + signal_number, -signal_number), error
    return plain(out + error)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, SIGKILL])
@pytest.mark.parametrize("n_process", [1, 2])
def test_an_interrupted_run_continues(with_parser, number, n_process):
    said = interrupted(with_parser, number, options=["--n-process", n_process])
    found = shards_of(with_parser / "out")
    n_finished = len(found) - 1
    assert 2 <= n_finished < 40
    assert manifest_of(with_parser / "out")["is_complete"] is False
    if number != SIGKILL:
        word = "finished files. The same command continues."
        assert f"out has {n_finished} {word}" in said
    result = w2v("annotate", "config.cfg", "out", "--code", "code.py", "--tokens-per-file", 60, cwd=with_parser)
    assert f"Continuing after {n_finished} finished files" in result.said
    w2v("annotate", "config.cfg", "whole", "--code", "code.py", "--tokens-per-file", 60, cwd=with_parser)
    assert shards_of(with_parser / "out") == shards_of(with_parser / "whole")
    assert {name: found[name] for name in found if name != "manifest.json"}.items() <= shards_of(
        with_parser / "out"
    ).items()
    assert sorted(path.name for path in with_parser.iterdir() if path.name.startswith(".")) == []


def test_damaged_files_are_made_again(workplace):
    options = ("--tokens-per-file", 130)
    assert w2v_here("annotate", "config.cfg", "out", *options, cwd=workplace).code == 0
    before = shards_of(workplace / "out")
    manifest = manifest_of(workplace / "out")
    (workplace / "out" / "00002.spacy").write_bytes(before["00002.spacy"][:-1])
    result = w2v_here("annotate", "config.cfg", "out", *options, cwd=workplace)
    assert "Continuing after 2 finished files" in result.said
    assert shards_of(workplace / "out") == before
    assert manifest_of(workplace / "out") == manifest


def test_other_texts_or_settings_are_refused(workplace):
    assert w2v_here("annotate", "config.cfg", "out", cwd=workplace).code == 0
    before = files_below(workplace / "out")
    result = w2v_here("annotate", "config.cfg", "out", "--tokens-per-file", 100, cwd=workplace)
    assert result.code == 1
    assert "Annotation must continue with the same source and pipeline, but those of out differ" in result.said
    assert "tokens_per_shard was 500000, is 100" in result.said
    assert "or replace it with --overwrite" in result.said
    nlp = rule_pipeline()
    nlp.remove_pipe("entity_ruler")
    nlp.to_disk(workplace / "rules")
    assert "components was" in w2v_here("annotate", "config.cfg", "out", cwd=workplace).said
    assert files_below(workplace / "out") == before
    result = w2v_here("annotate", "config.cfg", "out", "--overwrite", "--tokens-per-file", 100, cwd=workplace)
    assert result.code == 0
    assert not docs_in(workplace / "out")[0].ents


def test_overwriting_removes_files_that_are_too_many(workplace):
    assert w2v_here("annotate", "config.cfg", "out", "--tokens-per-file", 60, cwd=workplace).code == 0
    assert w2v_here("annotate", "config.cfg", "out", "--overwrite", cwd=workplace).code == 0
    assert sorted(files_below(workplace / "out")) == ["00000.spacy", "manifest.json"]


@pytest.mark.parametrize("overwrite", [[], ["--overwrite"]])
def test_directories_with_something_else_are_refused(overwrite, workplace):
    (workplace / "out").mkdir()
    (workplace / "out" / "notes.txt").write_text("mine")
    result = w2v_here("annotate", "config.cfg", "out", *overwrite, cwd=workplace)
    assert result.code == 1
    expected = "has no manifest.json" if overwrite else "The output directory must be new or empty, but out exists"
    assert expected in result.said
    assert files_below(workplace / "out") == {"notes.txt": b"mine"}


def test_other_docbins_and_manifests_are_refused(workplace):
    assert w2v_here("annotate", "config.cfg", "out", cwd=workplace).code == 0
    (workplace / "out" / "mine.spacy").write_bytes(b"mine")
    said = w2v_here("annotate", "config.cfg", "out", "--overwrite", cwd=workplace).said
    assert "The output directory must have no other .spacy files, but out has: mine.spacy" in said
    (workplace / "other").mkdir()
    (workplace / "other" / "manifest.json").write_text('{"format": "spacy-w2v corpus"}')
    said = w2v_here("annotate", "config.cfg", "other", "--overwrite", cwd=workplace).said
    assert "manifest.json must match its own checksum" in said


def test_standard_input_cannot_continue(workplace):
    config = CONFIG.replace('"spacy_w2v.Dataset.v1"\ndata_files = "texts.txt"', '"spacy_w2v.StandardInput.v1"')
    (workplace / "config.cfg").write_text(config)
    w2v("annotate", "config.cfg", "out", cwd=workplace, stdin="A duck.\nLondon.\n")
    assert [doc.text for doc in docs_in(workplace / "out")] == ["A duck.", "London."]
    said = w2v("annotate", "config.cfg", "out", cwd=workplace, stdin="A duck.\n", code=1).said
    assert "Annotation can only continue if the source is the same, but standard input cannot be recognized" in said
    w2v("annotate", "config.cfg", "out", "--overwrite", cwd=workplace, stdin="A duck.\n")
    assert [doc.text for doc in docs_in(workplace / "out")] == ["A duck."]


# what cannot be annotated


def test_a_config_must_name_a_pipeline(workplace):
    (workplace / "config.cfg").write_text(CONFIG.replace('pipeline = "rules"\n', ""))
    result = w2v_here("annotate", "config.cfg", "out", cwd=workplace)
    assert result.code == 1
    assert "[w2v.tokens] must name the pipeline that annotates, but has none" in result.said
    assert not (workplace / "out").exists()


def test_a_pipeline_must_annotate(workplace):
    spacy.blank("en").to_disk(workplace / "rules")
    result = w2v_here("annotate", "config.cfg", "out", cwd=workplace)
    assert result.code == 1
    assert "A pipeline must have components that annotate, but this one has none" in result.said


def test_keys_of_the_config_must_be_annotated(workplace):
    (workplace / "config.cfg").write_text(f'{CONFIG}\n[w2v.tokens.keys]\n@misc = "spacy_w2v.SenseKeys.v1"\n')
    result = w2v_here("annotate", "config.cfg", "out", cwd=workplace)
    assert result.code == 1
    assert "lacks doc.noun_chunks, which needs token.dep" in result.said
    assert not (workplace / "out").exists()


def test_components_that_set_nothing_do_not_run(workplace):
    nlp = rule_pipeline()
    nlp.add_pipe("doc_cleaner")
    nlp.to_disk(workplace / "rules")
    result = w2v_here("annotate", "config.cfg", "out", cwd=workplace)
    assert "Components that run: sentencizer, attribute_ruler, lemmatizer, entity_ruler" in result.said
    assert "doc_cleaner" not in result.said
