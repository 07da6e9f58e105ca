"""How long do word similarity and analogies take, beside gensim, and are the numbers the same?

    python benchmarks/evaluation.py VECTORS

VECTORS is anything that `spacy_w2v.open_vectors` reads. Both programs score the same words, in one process and on one
thread: gensim as KeyedVectors in memory, without the time of making them. Times are those of the processor.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from common import argument_parser, interleave, log, markdown_table, write_results
from gensim.models import KeyedVectors

import spacy_w2v
from spacy_w2v._system.blas import single_threaded_blas
from spacy_w2v.evaluation._analogies import score_analogies
from spacy_w2v.evaluation._data_sets import read_analogies, read_word_pairs
from spacy_w2v.evaluation._set_files import ANALOGIES, WORD_PAIRS, bundled
from spacy_w2v.evaluation._word_pairs import WordPairScorer, score_word_pairs

Scores = dict[str, float | None]


def of_gensim(keyed_vectors: KeyedVectors, name: str, *, restrict_vocab: int) -> Scores:
    """Return gensim's correlation, or the accuracy of each section and of all."""
    if name in WORD_PAIRS:
        pearson, spearman, _ = keyed_vectors.evaluate_word_pairs(
            bundled(WORD_PAIRS[name]), restrict_vocab=restrict_vocab
        )
        return {"spearman": float(spearman[0]), "pearson": float(pearson[0])}
    _, solved = keyed_vectors.evaluate_word_analogies(bundled(ANALOGIES[name]), restrict_vocab=restrict_vocab)
    counts = {each["section"]: (len(each["correct"]), len(each["correct"]) + len(each["incorrect"])) for each in solved}
    return {section: n_correct / n_all for section, (n_correct, n_all) in counts.items() if n_all}


def of_ours(vectors: spacy_w2v.WordVectors, name: str, *, restrict_vocab: int) -> Scores:
    """Return the same numbers by spacy-w2v, with the time of reading the file, as gensim."""
    if name in WORD_PAIRS:
        score = score_word_pairs(vectors, read_word_pairs(bundled(WORD_PAIRS[name])))
        return {"spearman": score.spearman, "pearson": score.pearson}
    solved = score_analogies(vectors, read_analogies(bundled(ANALOGIES[name])), restrict_vocab=restrict_vocab)
    sections = {section: each.accuracy for section, each in solved.sections.items() if each.n_used}
    return {**sections, "Total accuracy": solved.accuracy}


def timed(compute: Callable[[], Scores]) -> tuple[float, Scores]:
    """Return the seconds of processor time, and the scores."""
    start = time.process_time()
    scores = compute()
    return time.process_time() - start, scores


def largest_difference(left: Scores, right: Scores) -> float:
    """Return the largest difference of two programs' scores, which have the same names."""
    if left.keys() != right.keys():
        raise SystemExit(f"Both programs must score the same sections, were: {sorted(left)} and {sorted(right)}")
    return max(abs((left[name] or 0) - (right[name] or 0)) for name in left)


def repeated_scoring(vectors: spacy_w2v.WordVectors, *, times: int) -> dict[str, float]:
    """Return the seconds of a score of word pairs whose words are known, as while training, for each set."""
    found = {}
    for name, file in WORD_PAIRS.items():
        scorer = WordPairScorer(vectors, read_word_pairs(bundled(file)))
        scorer(vectors.matrix)
        start = time.process_time()
        for _ in range(times):
            scorer(vectors.matrix)
        found[name] = (time.process_time() - start) / times
    return found


def measured(vectors: spacy_w2v.WordVectors, *, restrict_vocab: int, rounds: int) -> list[Mapping[str, Any]]:
    """Return for each set the seconds of both programs, and the largest difference of their scores."""
    keyed_vectors = KeyedVectors(vectors.vector_size)
    keyed_vectors.add_vectors(vectors.words, vectors.vectors_at(vectors.rows))
    keyed_vectors.fill_norms()
    programs = {
        "gensim": lambda name: of_gensim(keyed_vectors, name, restrict_vocab=restrict_vocab),
        "ours": lambda name: of_ours(vectors, name, restrict_vocab=restrict_vocab),
    }
    programs["ours"](next(iter(WORD_PAIRS)))  # loads what it needs
    found = []
    for name in (*WORD_PAIRS, *ANALOGIES):
        tasks = {
            program: lambda score=score, name=name: timed(lambda: score(name)) for program, score in programs.items()
        }
        results = interleave(tasks, rounds=rounds)
        seconds = {program: min(taken for taken, _ in each) for program, each in results.items()}
        difference = largest_difference(*(each[0][1] for each in results.values()))
        found.append({"set": name, **seconds, "largest_difference": difference})
        log(**found[-1])
    return found


def main() -> None:
    parser = argument_parser(__doc__, name="evaluation")
    parser.add_argument("vectors")
    parser.add_argument("--restrict-vocab", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    vectors = spacy_w2v.open_vectors(arguments.vectors)
    with single_threaded_blas():
        found = measured(vectors, restrict_vocab=arguments.restrict_vocab, rounds=arguments.rounds)
        again = repeated_scoring(vectors, times=50)
    rows = [
        [
            each["set"],
            f"{each['gensim']:.3f} s",
            f"{each['ours']:.3f} s",
            f"{each['gensim'] / each['ours']:.1f}",
            f"{each['largest_difference']:.1e}",
        ]
        for each in found
    ]
    rows += [[f"{name}, words known", "", f"{seconds * 1000:.1f} ms", "", ""] for name, seconds in again.items()]
    write_results(
        arguments.output,
        settings={
            "words": len(vectors),
            "vector_size": vectors.vector_size,
            "restrict_vocab": arguments.restrict_vocab,
        },
        measurements=[*found, *({"set": name, "again_s": seconds} for name, seconds in again.items())],
        table=markdown_table(["set", "gensim", "spacy-w2v", "times as fast", "largest difference"], rows),
        plot=None,
    )


if __name__ == "__main__":
    main()
