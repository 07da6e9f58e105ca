"""Words per second of training, against gensim in the same interleaved run.

    python benchmarks/kernel_speed.py CORPUS.txt --output results/kernel_speed

CORPUS.txt is lower-cased text, tokenized by white space. Each round trains one epoch with every trainer in turn, so
that a drift of the machine's speed meets all of them; medians over rounds are reported, and their ratio to gensim's.
Only training is timed, after the corpus is encoded, the vocabulary is built and the kernels are compiled.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import spacy
from gensim.models import Word2Vec

from spacy_w2v.config.schema import parse_settings
from spacy_w2v.corpus.huggingface import make_dataset_v1
from spacy_w2v.training.job import Word2VecJob

SENTENCE_WORDS = 1000  # gensim drops what is past 10,000


def cut_corpus(corpus: Path, n_words: int, directory: Path) -> Path:
    """Write the first words of a corpus as lines of SENTENCE_WORDS."""
    words = []
    with corpus.open(encoding="utf-8") as file:
        while len(words) < n_words and (block := file.read(1 << 20)):
            words += block.split()
    lines = (" ".join(words[i : i + SENTENCE_WORDS]) for i in range(0, n_words, SENTENCE_WORDS))
    path = directory / "corpus.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def time_ours(corpus: Path, cache: Path, *, kernel: str, vector_size: int, workers: int, sample: float) -> float:
    settings = parse_settings(
        {
            "tokens": {"tokenizer": "whitespace"},
            "model": {"vector_size": vector_size},
            "training": {"epochs": 1, "kernel": kernel, "workers": workers, "sample": sample},
        }
    )
    source = make_dataset_v1(path="text", data_files=str(corpus))
    model = Word2VecJob(source=source, nlp=spacy.blank("en"), settings=settings, cache_dir=cache).run()
    return model.meta["results"][-1]["words_per_s"]


def time_gensim(corpus: Path, n_words: int, *, vector_size: int, workers: int, sample: float) -> float:
    model = Word2Vec(vector_size=vector_size, sg=1, negative=5, window=5, min_count=5, sample=sample, workers=workers)
    model.build_vocab(corpus_file=str(corpus))
    start = time.perf_counter()
    model.train(corpus_file=str(corpus), total_words=n_words, epochs=1)
    return n_words / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--output", type=Path, default=Path("results/kernel_speed"), help="without suffix")
    parser.add_argument("--words", type=int, default=4_000_000)
    parser.add_argument("--slow-words", type=int, default=1_000_000, help="for gensim and the sequential kernel")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--vector-sizes", type=int, nargs="+", default=[100, 300])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--sample", type=float, default=1e-3)
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        (directory / "long").mkdir()
        long = cut_corpus(arguments.corpus, arguments.words, directory / "long")
        short = cut_corpus(arguments.corpus, arguments.slow_words, directory)
        for vector_size in arguments.vector_sizes:
            for workers in arguments.workers:
                setting = {"vector_size": vector_size, "workers": workers, "sample": arguments.sample}
                rates: dict[str, list[float]] = {"blocked": [], "sequential": [], "gensim corpus_file": []}
                for _ in range(arguments.rounds):
                    rates["blocked"].append(time_ours(long, directory / "cache", kernel="blocked", **setting))
                    rates["sequential"].append(time_ours(short, directory / "cache", kernel="sequential", **setting))
                    rates["gensim corpus_file"].append(time_gensim(short, arguments.slow_words, **setting))
                reference = statistics.median(rates["gensim corpus_file"])
                for trainer, values in rates.items():
                    median = statistics.median(values)
                    rows.append({"trainer": trainer, **setting, "words_per_s": median, "ratio": median / reference})
                    print(rows[-1], flush=True)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.with_suffix(".json").write_text(json.dumps(rows, indent=2) + "\n")
    table = ["| d | workers | trainer | words/s | times gensim |", "|---|---|---|---|---|"]
    table += [
        f"| {row['vector_size']} | {row['workers']} | {row['trainer']} | {row['words_per_s']:,.0f} | "
        f"{row['ratio']:.1f} |"
        for row in rows
    ]
    arguments.output.with_suffix(".md").write_text("\n".join(table) + "\n")


if __name__ == "__main__":
    main()
