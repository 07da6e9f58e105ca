"""What the benchmarks share: corpora cut to size, our trainer, interleaved rounds, and results on disk.

What is large is imported where it is needed: a process hands its own peak of memory on to the peak that the system
reports of its children, which peers.py and export_memory.py measure.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import spacy_w2v

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from spacy_w2v import Word2Vec

SENTENCE_WORDS = 1000  # gensim drops what is past 10,000
PACKAGES = ("spacy-w2v", "spacy", "gensim", "floret", "fasttext", "numpy", "numba", "llvmlite", "pyarrow")
VECTOR_INSTRUCTIONS = {"avx512f": "AVX-512", "avx2": "AVX2", "sse2": "SSE2", "sve": "SVE", "asimd": "NEON"}
"""By the name of their flag in /proc/cpuinfo, widest first."""

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


def argument_parser(description: str | None, *, name: str) -> ArgumentParser:
    """Return a parser with what all benchmarks take; the results go to results/NAME if --output is not given."""
    parser = ArgumentParser(description=description, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("results", name), help="without suffix")
    return parser


def read_words(corpus: Path) -> Iterator[list[str]]:
    """Read a text, which may be compressed and one single line, as lists of words."""
    from smart_open import open as open_text

    with open_text(str(corpus), encoding="utf-8") as file:
        rest = ""
        while block := file.read(1 << 20):
            words = (rest + block).split()
            rest = words.pop() if words and not block[-1].isspace() else ""
            yield words
        yield rest.split()


def cut_corpus(corpus: Path, path: Path, *, n_words: int | None = None) -> int:
    """Write the first words of a corpus, or all, as lines of SENTENCE_WORDS, and return how many there are."""
    n_written = 0
    with path.open("w", encoding="utf-8") as file:
        for words in read_words(corpus):
            for word in words if n_words is None else words[: n_words - n_written]:
                n_written += 1
                file.write(word + ("\n" if n_written % SENTENCE_WORDS == 0 else " "))
            if n_written == n_words:
                break
        file.write("\n")
    if n_written < (n_words or 1):
        raise SystemExit(f"{corpus} must have {n_words or 1:,} words, has: {n_written:,}. Ask for fewer.")
    return n_written


def raised_min_count(corpus: Path, *, min_count: int, max_final_vocab: int | None) -> int:
    """Return the min_count that leaves at most max_final_vocab words, since floret has no such setting."""
    if max_final_vocab is None:
        return min_count
    counts: Counter[str] = Counter()
    for words in read_words(corpus):
        counts.update(words)
    first_left_out = sorted(counts.values(), reverse=True)[max_final_vocab : max_final_vocab + 1]
    return max(min_count, *(count + 1 for count in first_left_out)) if first_left_out else min_count


def train_ours(corpus: Path, cache_dir: Path, **settings: Any) -> "Word2Vec":  # Any: settings of [w2v] by name
    """Train on a text that is tokenized by white space. It is encoded once and found again in `cache_dir`."""
    return spacy_w2v.train(corpus, tokenizer="whitespace", cache_dir=cache_dir, **settings)


def interleave(measurements: Mapping[Key, Callable[[], Value]], *, rounds: int) -> dict[Key, list[Value]]:
    """Take each measurement once a round, so that a drift of the machine's speed meets all of them."""
    values: dict[Key, list[Value]] = {name: [] for name in measurements}
    for _ in range(rounds):
        for name, measure in measurements.items():
            values[name].append(measure())
    return values


PEAK_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes


class Ended(NamedTuple):
    """A process that has ended well."""

    output: str
    """What it wrote to standard output."""
    wall_s: float
    cpu_s: float
    peak_bytes: int
    """Largest resident set of exactly this process."""


def run_process(command: Sequence[str], environment: Mapping[str, str]) -> Ended:
    """Run a command to its end. Ends the program if it fails."""
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
        process = subprocess.Popen(
            command, env=os.environ | environment, stdout=subprocess.PIPE, stderr=errors, text=True
        )
        assert process.stdout is not None
        with process.stdout:
            output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if status != 0:
            errors.seek(0)
            raise SystemExit(f"{' '.join(command[:4])} failed:\n{errors.read()}")
    return Ended(output, wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * PEAK_UNIT)


def require_free_blas() -> None:
    """End the program if the environment keeps BLAS, which gensim trains with too, from what the processor has.

    OPENBLAS_CORETYPE=Haswell, for one, halved the matrix products of a processor with AVX-512, and cost gensim 3 to
    12 % of its speed at 300 dimensions.
    """
    if names := [name for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE") if name in os.environ]:
        raise SystemExit(
            f"BLAS must choose its code for this processor, but {' and '.join(names)} chose it. "
            f"Run with: env {' '.join(f'-u {name}' for name in names)} python ..."
        )


def log(**values: object) -> None:
    """Print a measurement as it is made, on a line."""
    print("  ".join(f"{name}={_short(value)}" for name, value in values.items()), flush=True)


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def machine_facts() -> dict[str, object]:
    """Return what a number depends on besides the code: processor, cores, the instructions of BLAS, versions."""
    from threadpoolctl import threadpool_info

    return {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "blas": sorted({str(library.get("architecture")) for library in threadpool_info()}),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}},
    }


def _processor() -> str:
    """Return the processor's name, its vector instructions, and whether its cores are virtual."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return f"{platform.processor()}, {os.cpu_count()} cores"
    facts = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    flags = facts.get("flags", facts.get("Features", "")).split()
    widest = next((text for flag, text in VECTOR_INSTRUCTIONS.items() if flag in flags), "no known vectors")
    numbers = f", family {facts['cpu family']} model {facts['model']}" if "cpu family" in facts else ""
    virtual = "virtual " if "hypervisor" in flags else ""
    return f"{facts.get('model name', platform.machine())} ({widest}{numbers}), {os.cpu_count()} {virtual}cores"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def start_at_zero(axes: "Axes") -> None:
    """Let the vertical axis begin at zero, with room above what is drawn."""
    axes.set_ylim(0, 1.1 * axes.dataLim.y1)


def finished_runs(output: Path, settings: Mapping[str, object]) -> list[dict[str, Any]]:  # Any: values of JSON
    """Return the measurements of earlier calls. Ends the program if their settings differ."""
    path = output.with_name(output.name + ".json")
    if not path.exists():
        return []
    report = json.loads(path.read_text(encoding="utf-8"))
    if report["settings"] != settings:
        raise SystemExit(
            f"The settings must be those of {path}, {report['settings']}, were: {settings}. Name another --output."
        )
    return list(report["measurements"])


def write_results(
    output: Path,
    *,
    settings: Mapping[str, object],
    measurements: Sequence[Mapping[str, object]],
    table: str,
    plot: "Figure | None",
) -> None:
    """Write OUTPUT.json, OUTPUT.md and, where there is a plot, OUTPUT.png."""
    output.parent.mkdir(parents=True, exist_ok=True)
    report = {"machine": machine_facts(), "settings": dict(settings), "measurements": list(measurements)}
    unfinished = output.with_name(output.name + ".json.unfinished")
    unfinished.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    unfinished.replace(output.with_name(output.name + ".json"))
    output.with_name(output.name + ".md").write_text(table, encoding="utf-8")
    if plot is not None:
        plot.savefig(output.with_name(output.name + ".png"), dpi=150)
