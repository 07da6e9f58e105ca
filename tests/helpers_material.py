"""Material for the pages of the documentation: texts, configs, pipelines and vectors under the names the pages use.

Each function makes one file or folder in a directory. A page gets the material whose names its blocks contain.
"""

import contextlib
import csv
import gzip
import io
import json
import random
import shutil
from functools import cache
from pathlib import Path

import spacy
from helpers_keys import small_pipeline
from helpers_pages import ROOT
from spacy.tokens import Doc, DocBin, Span

import spacy_w2v

CONFIG = """
[nlp]
lang = "en"
pipeline = []

[w2v]

[w2v.corpus]
@readers = "spacy_w2v.Dataset.v1"
data_files = "texts/*.txt"

[w2v.vocabulary]
min_count = 3

[w2v.training]
epochs = 2

[w2v.export]
formats = ["spacy", "gensim"]
"""
"""What config.cfg holds until a page makes its own."""


@cache
def articles() -> list[str]:
    """The texts of all material: articles of the Wikipedia excerpt that gensim bundles."""
    batches = spacy_w2v.gensim_wiki().batches()
    return [text for batch in batches for text in batch.texts.to_pylist() if text]


def make_texts(directory: Path) -> None:
    """texts/*.txt: two files of twenty articles each, some 100,000 words in all."""
    directory.mkdir()
    for number in range(2):
        lines = articles()[20 * number : 20 * (number + 1)]
        (directory / f"{number}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def make_data(directory: Path) -> None:
    """data/: *.txt, *.jsonl.gz (with body and text), *.csv and *.parquet (with text), and general/ and domain/."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    directory.mkdir()
    (directory / "articles.txt").write_text("\n".join(articles()[:20]) + "\n", encoding="utf-8")
    table = pa.table({"id": list(range(20)), "text": articles()[20:40]})
    pyarrow.parquet.write_table(table, directory / "articles.parquet")
    pyarrow.csv.write_csv(table, directory / "articles.csv")
    _write_json_lines(directory / "articles.jsonl.gz", articles()[40:60])
    for name in ("general", "domain"):
        (directory / name).mkdir()
    pyarrow.parquet.write_table(table, directory / "general/articles.parquet")
    _write_json_lines(directory / "domain/articles.jsonl.gz", articles()[40:60])


def make_reviews(path: Path) -> None:
    """reviews.csv: rows with a title, a rating and a review, some of which are about films."""
    chooser = random.Random(0)
    words = ["the", "a", "film", "movie", "was", "wonderful", "boring", "great", "story", "music", "I", "saw", "it"]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["title", "rating", "review"])
        for number, text in enumerate(articles()[:20]):
            review = "\n".join(" ".join(chooser.choices(words, k=15)) for _ in range(20))
            writer.writerow([f"Review {number}", number % 5 + 1, f"{review}\n{text}"])


def make_abstracts(directory: Path) -> None:
    """abstracts/*.jsonl.gz, with text that has a few words of medicine in it."""
    directory.mkdir()
    medicine = ["Patients in a trial had propranolol or cisplatin, and their cells were kept in culture."] * 20
    _write_json_lines(directory / "articles.jsonl.gz", [*articles()[60:90], *medicine])


def make_wikipedia(directory: Path) -> None:
    """wikimedia/: wikipedia in it is a stand-in for the Hub's, with the configurations 20231101.en and 20231101.de."""
    import pyarrow as pa
    import pyarrow.parquet

    place = directory / "wikipedia/articles"
    place.mkdir(parents=True)
    pyarrow.parquet.write_table(pa.table({"text": articles()[:30]}), place / "train-00000-of-00001.parquet")
    configs = "".join(
        f"- config_name: {name}\n  data_files:\n  - split: train\n    path: articles/train-*\n"
        for name in ("20231101.en", "20231101.de")
    )
    (directory / "wikipedia/README.md").write_text(f"---\nconfigs:\n{configs}---\n", encoding="utf-8")


def make_word_pairs(path: Path) -> None:
    """wordsim-240.txt: a few pairs of English words with ratings."""
    path.write_text("king\tqueen\t8.5\nwar\tarmy\t7.5\nriver\tcity\t3.0\nmusic\tscience\t1.0\n", encoding="utf-8")


def make_analogies(path: Path) -> None:
    """analogy.txt: a few analogies of English words."""
    path.write_text("man woman king queen\nson daughter father mother\n", encoding="utf-8")


def _write_json_lines(path: Path, texts: list[str]) -> None:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps({"body": text, "text": text}) + "\n" for text in texts)


def make_labelled(path: Path) -> None:
    """train.spacy and dev.spacy: twenty sentences with tags, entities, sentence starts and categories."""
    nlp, corpus = spacy.blank("en"), DocBin(store_user_data=False)
    words = ["The", "king", "of", "France", "ruled", "the", "country", "."]
    tags = ["DT", "NN", "IN", "NNP", "VBD", "DT", "NN", "."]
    for number in range(20):
        doc = Doc(nlp.vocab, words=words, tags=tags, sent_starts=[True] + [False] * 7)
        doc.ents = [Span(doc, 3, 4, label="GPE")]
        doc.cats = {"POSITIVE": float(number % 2), "NEGATIVE": float(1 - number % 2)}
        corpus.add(doc)
    corpus.to_disk(path)


def make_vectors(directory: Path) -> None:
    """vectors/: the output of the quickstart, of one thread."""
    from spacy_w2v.cli._train import train

    train(ROOT / "configs/quickstart.cfg", directory, overrides={"w2v.training.workers": 1})


def make_pipeline(directory: Path) -> None:
    """en_core_web_md and en_core_web_lg: blank English pipelines with vectors of 300 dimensions."""
    model = spacy_w2v.train(articles()[:40], vector_size=300, epochs=1, min_count=2, workers=1)
    model.to_spacy(spacy.blank("en")).to_disk(directory)


def make_small_pipeline(directory: Path) -> None:
    """en_core_web_sm: a pipeline that annotates. Where the package is installed, spaCy prefers it."""
    nlp = small_pipeline()
    nlp.meta.update(name="core_web_sm", version="0.0.0")
    nlp.to_disk(directory)


def make_glove(path: Path) -> None:
    """glove.6B.100d.txt: 2,000 words of the quickstart's in GloVe's format."""
    model = spacy_w2v.load(_made("vectors", path.parent) / "model")
    rows = zip(model.words[:2000], model.input_vectors.tolist(), strict=False)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{word} {' '.join(f'{x:.5f}' for x in row)}\n" for word, row in rows)


def make_config(path: Path) -> None:
    """config.cfg: a config for `spacy w2v train` on texts/*.txt."""
    path.write_text(CONFIG, encoding="utf-8")


MATERIAL = {
    "configs": lambda path: shutil.copytree(ROOT / "configs", path),
    "benchmarks": lambda path: shutil.copytree(ROOT / "benchmarks", path),
    "project.yml": lambda path: shutil.copy(ROOT / "project.yml", path),
    "config.cfg": make_config,
    "texts": make_texts,
    "data": make_data,
    "reviews.csv": make_reviews,
    "abstracts": make_abstracts,
    "wikimedia": make_wikipedia,
    "train.spacy": make_labelled,
    "dev.spacy": make_labelled,
    "vectors": make_vectors,
    "general": lambda path: shutil.copytree(_made("vectors", path.parent), path),
    "en_core_web_sm": make_small_pipeline,
    "en_core_web_md": make_pipeline,
    "en_core_web_lg": lambda path: shutil.copytree(_made("en_core_web_md", path.parent), path),
    "glove.6B.100d.txt": make_glove,
    "wordsim-240.txt": make_word_pairs,
    "analogy.txt": make_analogies,
}
"""By the name that pages use."""


def _made(name: str, store: Path) -> Path:
    """Return the place of some material in the store of this session, where it is made when it is first asked for."""
    path = store / name
    if not path.exists():
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            MATERIAL[name](path)
    return path


def bring(names: list[str], directory: Path, *, store: Path) -> None:
    """Copy material into the directory of a page."""
    for name in names:
        made = _made(name, store)
        if made.is_dir():
            shutil.copytree(made, directory / name)
        else:
            shutil.copy(made, directory / name)
