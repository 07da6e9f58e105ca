"""Files that are damaged at random: flipped bits, zeroed and exchanged blocks, truncations, bytes too many."""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np

BLOCK = 64


def damaged(content: bytes, chooser: random.Random) -> bytes:
    """Return the content with one fault of a random kind; never the same content."""
    kind = chooser.choice(["bit", "bit", "zeros", "cut", "more", "byte", "swap"])
    place = chooser.randrange(max(len(content), 1))
    if not content or kind == "more":
        return content + bytes(chooser.randrange(256) for _ in range(chooser.randint(1, 50)))
    if kind == "cut":
        return content[:place]
    changed = bytearray(content)
    if kind == "bit":
        changed[place] ^= 1 << chooser.randrange(8)
    elif kind == "byte":
        changed[place] = (changed[place] + chooser.randint(1, 255)) % 256
    elif kind == "zeros":
        changed[place : place + BLOCK] = bytes(len(changed[place : place + BLOCK]))
    else:
        other = chooser.randrange(len(content))
        first, second = sorted((place, other))
        changed = changed[:first] + changed[second : second + BLOCK] + changed[first + BLOCK :]
    return bytes(changed) if bytes(changed) != content else content[:-1]


def damaged_copies(directory: Path, copy: Path, *, n: int, seed: int) -> Iterator[str]:
    """Put a copy with one damaged file at `copy`, again and again, and yield what was done."""
    chooser = random.Random(seed)
    files = sorted(path.relative_to(directory) for path in directory.rglob("*") if path.is_file())
    for number in range(n):
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(directory, copy)
        file = chooser.choice(files)
        if chooser.random() < 0.05:
            (copy / file).unlink()
            yield f"{number}: {file} removed"
            continue
        if chooser.random() < 0.1:
            other = chooser.choice(files)
            shutil.copy(directory / other, copy / file)
            if other != file:
                yield f"{number}: {file} was {other}"
            continue
        content = (copy / file).read_bytes()
        (copy / file).write_bytes(damaged(content, chooser))
        yield f"{number}: {file} changed"


def cut_or_changed(content, n, *, seed):
    """Yield n copies of some bytes, each with its end cut off or a byte changed."""
    generator = np.random.default_rng(seed)
    for _ in range(n):
        changed, place = bytearray(content), int(generator.integers(len(content)))
        if generator.random() < 0.2:
            del changed[place:]
        else:
            changed[place] = int(generator.integers(256))
        yield bytes(changed)
