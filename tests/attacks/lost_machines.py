"""Runs on Ray whose processes are killed by `kill -9` at random moments: their results must not change by a bit.

    python tests/attacks/lost_machines.py --n 20 --n-drivers 10 --seed 1

Two machines of one thread each train in rounds. In each of n runs, one of their processes is killed at a moment drawn
from the time that an undisturbed run takes. In each of n-drivers runs, the command `spacy w2v train` itself is killed
at a moment between its first checkpoint and its end, and resumed. The vectors must be those of two machines that are
simulated in one process.
"""

import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from helpers_cli import COMMAND, CONFIG, write_texts
from helpers_ray import hosts, killed_hosts

import spacy_w2v
from spacy_w2v.cluster._local import LocalCluster
from spacy_w2v.cluster._ray import RayCluster
from spacy_w2v.config._loading import load_config
from spacy_w2v.corpus import _store as store
from spacy_w2v.training._checkpoint import read_checkpoint
from spacy_w2v.training._resolved_config import resolve
from spacy_w2v.training._run import TrainingRun

CHUNK_TOKENS = 500
ROUNDS = 12
CODE = f"from spacy_w2v.corpus import _store\n\n_store.CHUNK_TOKENS = {CHUNK_TOKENS}\n"
SETTINGS = {"w2v.distributed.machines": 2, "w2v.distributed.rounds": ROUNDS, "w2v.training.checkpoint_every_s": 0}


def make_place(directory: Path, *, epochs: int) -> None:
    """Write texts, a config, and code that makes chunks small."""
    write_texts(directory / "texts.txt", n_lines=1000)
    (directory / "config.cfg").write_text(CONFIG.replace("epochs = 2", f"epochs = {epochs}"))
    (directory / "code.py").write_text(CODE)


def make_run(directory: Path) -> TrainingRun:
    """Return the run of the config."""
    config = load_config(directory / "config.cfg", SETTINGS | {"w2v.corpus.data_files": str(directory / "texts.txt")})
    return TrainingRun.of(resolve(config), cache_dir=directory / "cache")


def bits(model) -> bytes:
    """Return all parameters, and the losses of the epochs."""
    losses = np.array([row["loss"] for row in model.meta["results"]])
    return b"".join(
        [np.array(model.input_vectors).tobytes(), np.array(model.output_vectors).tobytes(), losses.tobytes()]
    )


def kill_machines(directory: Path, expected: bytes, *, n: int, seed: int) -> int:
    """Kill a process of each of n runs, and return the number of runs with other results."""
    n_wrong = n_killed = 0
    with closing(RayCluster()) as cluster:
        run = replace(make_run(directory), cluster=cluster)
        run.execute()  # warm
        start = time.monotonic()
        n_wrong += bits(run.execute()) != expected
        seconds = time.monotonic() - start
        print(f"An undisturbed run takes {seconds:.1f} s. Different: {n_wrong}", flush=True)
        while n_killed < n:
            seed += 1
            while hosts():  # those of the last run end with a delay
                time.sleep(0.1)
            with killed_hosts(seed, n_kills=1, within_s=seconds) as killed:
                start = time.monotonic()
                actual = bits(run.execute())
                end = time.monotonic()
            if not killed or killed[0] > end:  # it was faster
                continue
            n_killed += 1
            n_wrong += actual != expected
            print(
                f"machine killed after {killed[0] - start:.2f} s of {end - start:.2f} s: {actual == expected}",
                flush=True,
            )
    return n_wrong


def kill_drivers(directory: Path, expected: bytes, *, n: int, seed: int) -> int:
    """Kill and resume n commands, each after it has a checkpoint, and return the number of those with other results."""
    chooser = random.Random(seed)
    options = [f"--{name}={value}" for name, value in SETTINGS.items()]
    command = [*COMMAND, "train", "config.cfg", "-o", "out", "--code", "code.py", "--cache-dir", "cache", *options]
    command += ["--w2v.distributed.engine=ray", "--w2v.export.formats=[]"]
    process, begun = start_until_checkpoint(directory, command)
    n_wrong = int(process.wait() != 0 or bits(spacy_w2v.load(directory / "out")) != expected)
    seconds = time.monotonic() - begun
    print(f"An undisturbed command takes {seconds:.1f} s after its first checkpoint. Different: {n_wrong}", flush=True)
    n_killed = 0
    while n_killed < n:
        moment = chooser.uniform(0, seconds)
        process, _ = start_until_checkpoint(directory, command)
        try:
            process.wait(timeout=moment)
            continue  # it was faster
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
        if not (directory / "out.checkpoint").exists():  # it had just ended
            continue
        n_killed += 1
        n_done = read_checkpoint(directory / "out.checkpoint").n_tasks_done
        subprocess.run([*command, "--resume"], cwd=directory, check=True, capture_output=True)
        right = bits(spacy_w2v.load(directory / "out")) == expected
        n_wrong += not right
        print(
            f"driver killed {moment:.2f} s after its first checkpoint, resumed after task {n_done}: {right}", flush=True
        )
    return n_wrong


def start_until_checkpoint(directory: Path, command: list[str]) -> tuple["subprocess.Popen[bytes]", float]:
    """Start a command, wait until it has written a checkpoint, and return it with the time of this moment."""
    shutil.rmtree(directory / "out", ignore_errors=True)
    process = subprocess.Popen(command, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not (directory / "out.checkpoint").exists() and process.poll() is None:
        time.sleep(0.02)
    return process, time.monotonic()


def main() -> int:
    """Run the attack, and return the exit code."""
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=20, help="runs in which the process of a machine is killed")
    parser.add_argument("--n-drivers", type=int, default=10, help="commands that are killed and resumed")
    parser.add_argument("--epochs", type=int, default=60, help="epochs, which decide how long a run takes")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    store.CHUNK_TOKENS = CHUNK_TOKENS
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        make_place(directory, epochs=arguments.epochs)
        expected = bits(replace(make_run(directory), cluster=LocalCluster(2)).execute())
        n_wrong = kill_machines(directory, expected, n=arguments.n, seed=arguments.seed)
        n_wrong += kill_drivers(directory, expected, n=arguments.n_drivers, seed=arguments.seed)
    print(f"{arguments.n + arguments.n_drivers} runs were killed, {n_wrong} had other results")
    return 1 if n_wrong else 0


if __name__ == "__main__":
    sys.exit(main())
