"""Damage to files: what disks, transfers, editors and attackers do to them. Each takes bytes and a random generator.

`ANY` fits every file, `TEXT` files of lines, `JSON` files of JSON; `crafted` changes what a format means, and leaves it
well formed.
"""

import io
import json
import os
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

BLOCK_BYTES = 4096
"""What disks and file systems lose at a time."""

Damage = Callable[[bytes, random.Random], bytes]


def flip_bits(content: bytes, chooser: random.Random) -> bytes:
    """Flip one to eight bits."""
    changed = bytearray(content)
    for _ in range(chooser.choice((1, 1, 1, 2, 8)) if content else 0):
        changed[chooser.randrange(len(changed))] ^= 1 << chooser.randrange(8)
    return bytes(changed)


def zero_block(content: bytes, chooser: random.Random) -> bytes:
    """Zero a block, or a whole file that is smaller."""
    start = _block_start(content, chooser)
    size = min(BLOCK_BYTES, len(content) - start)
    return content[:start] + bytes(size) + content[start + size :]


def truncate(content: bytes, chooser: random.Random) -> bytes:
    """Cut off the end: all, a block, a byte, or anything between."""
    return content[
        : chooser.choice(
            (0, max(0, len(content) - 1), _block_start(content, chooser), chooser.randint(0, len(content)))
        )
    ]


def append_garbage(content: bytes, chooser: random.Random) -> bytes:
    """Append random bytes, or zeros."""
    size = chooser.choice((1, 8, 300, BLOCK_BYTES))
    return content + (bytes(size) if chooser.random() < 0.3 else chooser.randbytes(size))


def duplicate_block(content: bytes, chooser: random.Random) -> bytes:
    """Write a block twice."""
    start = _block_start(content, chooser)
    return content[: start + BLOCK_BYTES] + content[start:]


def remove_block(content: bytes, chooser: random.Random) -> bytes:
    """Leave out a block."""
    start = _block_start(content, chooser)
    return content[:start] + content[start + BLOCK_BYTES :]


def swap_blocks(content: bytes, chooser: random.Random) -> bytes:
    """Exchange two stretches of up to a block."""
    size = min(BLOCK_BYTES, len(content) // 2)
    first = chooser.randint(0, len(content) - 2 * size)
    second = chooser.randint(first + size, len(content) - size)
    middle = content[first + size : second]
    return (
        content[:first]
        + content[second : second + size]
        + middle
        + content[first : first + size]
        + content[second + size :]
    )


def begin_as_pickle(content: bytes, chooser: random.Random) -> bytes:
    """Put the first byte of a pickle in front, or a whole pickle that would make a file."""
    attack = b"\x80\x04cos\nsystem\n(S'touch executed'\ntR."
    return attack + content if chooser.random() < 0.7 else b"\x80" + content


def random_bytes(content: bytes, chooser: random.Random) -> bytes:
    """Replace all by random bytes, of about that size."""
    return chooser.randbytes(chooser.choice((1, 16, max(1, len(content)))))


def overwrite_number(content: bytes, chooser: random.Random) -> bytes:
    """Set four or eight bytes to a number that is large, or negative, or zero."""
    value = chooser.choice((0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, 0, 1 << 24, 0xFFFFFFFFFFFFFFFF, 1 << 62, 1 << 40))
    number = value.to_bytes(4 if value < 1 << 32 else 8, "little")
    start = chooser.randint(0, max(0, len(content) - len(number)))
    return content[:start] + number + content[start + len(number) :]


def _block_start(content: bytes, chooser: random.Random) -> int:
    return chooser.randrange(0, max(1, len(content)), BLOCK_BYTES)


ANY: dict[str, Damage] = {
    "bits": flip_bits,
    "number": overwrite_number,
    "zeros": zero_block,
    "truncated": truncate,
    "garbage": append_garbage,
    "block twice": duplicate_block,
    "block lost": remove_block,
    "blocks swapped": swap_blocks,
    "pickle": begin_as_pickle,
    "random": random_bytes,
}


INSERTS = (
    b"\xef\xbb\xbf", b"\x00", b"\xff\xfe", b"\xc3", b"\xed\xa0\x80", b"\r", b"\r\n", b"\n\n", b"\t", b"  ", b'"', b"\\",
    b"\x1b[31m", b"\x85", "\u2028".encode(), b"nan", b"inf", b"-1", b"1e999", b"9" * 400, b"1,5", b"[", b"{", b"${x.y}",
    b"(" * 3000, b"\xf0\x9f\x98\x80" * 10, b"\x1a", b"\xfe\xff", b"," * 50,
)  # fmt: skip
"""What editors, other systems and mistakes put into text."""


def insert_text(content: bytes, chooser: random.Random) -> bytes:
    """Put something between two bytes, or in front."""
    place = 0 if chooser.random() < 0.15 else chooser.randint(0, len(content))
    return content[:place] + chooser.choice(INSERTS) + content[place:]


def change_line(content: bytes, chooser: random.Random) -> bytes:
    """Leave out a line, double one, cut one, join two, or move one to the front."""
    lines = content.splitlines(keepends=True) or [b""]
    place = chooser.randrange(len(lines))
    line = lines[place]
    changed = {
        "out": [],
        "double": [line, line],
        "cut": [line[: len(line) // 2]],
        "cut with its end": [line[: len(line) // 2] + b"\n"],
        "join": [line.rstrip(b"\r\n")],
        "empty": [b"\n"],
    }
    kind = chooser.choice((*changed, "front"))
    if kind == "front":
        return b"".join([line, *lines[:place], *lines[place + 1 :]])
    return b"".join([*lines[:place], *changed[kind], *lines[place + 1 :]])


def change_value(content: bytes, chooser: random.Random) -> bytes:
    """Replace a number or a word by something else."""
    found = list(re.finditer(rb"[^\s,\t=\[\]\"]+", content))
    if not found:
        return chooser.choice(INSERTS)
    match = chooser.choice(found)
    new = chooser.choice(
        (
            b"",
            b"0",
            b"-1",
            b"nan",
            b"1e400",
            b"null",
            b"true",
            b'""',
            b"[]",
            b"{}",
            b"999999999999999999999",
            b"\xff\xff",
            b"0x10",
            b"1_0",
        )
    )
    return content[: match.start()] + new + content[match.end() :]


TEXT: dict[str, Damage] = {"inserted": insert_text, "line": change_line, "value": change_value}


DEPTH = 100_000
"""Of nested lists, where parsers that call themselves run out of stack."""
RAW_VALUES = (
    "null", "true", "-1", "0", "1.5", "1e308", "1e999", "NaN", str(2**31), str(2**63), str(2**64), str(2**200), '""',
    '"x"', '"\\ud800"', '"\\u0000"', "[]", "{}", "[[]]", '{"x": 1}', '[null, "x", -5]', '"../../x"', '"/etc/passwd"',
    "[" * DEPTH + "]" * DEPTH, '{"a":' * DEPTH + "1" + "}" * DEPTH, "9" * 5000, '"' + "x" * 100_000 + '"',
)  # fmt: skip
_MARK = "value to be replaced"


def edit_json(content: bytes, chooser: random.Random) -> bytes:
    """Delete an entry of a JSON text, or give it another value, which may be no JSON; of JSON lines, in one line."""
    text = content.decode("utf-8")
    try:
        value = json.loads(text)
    except ValueError:
        lines = text.splitlines()
        place = chooser.randrange(len(lines))
        lines[place] = edit_json(lines[place].encode(), chooser).decode("utf-8")
        return ("\n".join(lines) + "\n").encode()
    return (
        json.dumps(_edited(value, chooser), ensure_ascii=False)
        .replace(f'"{_MARK}"', chooser.choice(RAW_VALUES))
        .encode()
    )


def _edited(value: Any, chooser: random.Random) -> Any:  # Any: JSON values
    """Return a JSON value in which one entry is missing, or is to be replaced."""
    if not isinstance(value, dict | list) or not value or chooser.random() < 0.05:
        return _MARK
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = chooser.choice(keys)
    kind = chooser.random()
    if isinstance(value[key], dict | list) and value[key] and kind < 0.7:
        return _with(value, key, _edited(value[key], chooser))
    if kind < 0.85:
        return _with(value, key, _MARK)
    if isinstance(value, dict):
        return {name: entry for name, entry in value.items() if name != key}
    return [entry for place, entry in enumerate(value) if place != key]


def _with(value: Any, key: Any, entry: Any) -> Any:  # Any: JSON values
    if isinstance(value, dict):
        return value | {key: entry}
    return [*value[:key], entry, *value[key + 1 :]]


JSON: dict[str, Damage] = {"entry": edit_json}


def craft_array(content: bytes, chooser: random.Random) -> bytes:
    """Change a .npy file into another valid one: of another shape, type, order, or with other numbers."""
    array = np.load(io.BytesIO(content))
    huge = 10 ** chooser.choice((7, 10, 13, 18))
    changes: list[Callable[[], Any]] = [
        lambda: array.astype(np.float64),
        lambda: array.astype(np.int32),
        lambda: array.astype(np.float16),
        lambda: array.astype(">f4"),
        lambda: array.astype("S4"),
        lambda: array.ravel(),
        lambda: array[:10],
        lambda: np.concatenate([array, array[:3]]),
        lambda: array[..., :-1],
        lambda: array[None],
        lambda: np.asfortranarray(array) if array.ndim > 1 else array[::-1],
        lambda: np.full_like(array, np.nan if array.dtype.kind == "f" else 0),
        lambda: _with_number(array, np.nan, chooser),
        lambda: _with_number(array, np.inf, chooser),
        lambda: _with_number(array, 3e38, chooser),
        lambda: array[:0],
        lambda: np.float32(1),
        lambda: np.array([("x", 1)], dtype=[("a", "U4"), ("b", "i4")]),
        lambda: np.array([None, {"a": 1}], object),
    ]
    if chooser.random() < 0.2:  # a header that promises more than there is
        return re.sub(rb"'shape': \(\d+", lambda match: b"'shape': (%d" % huge, content[:200]) + content[200:]
    buffer = io.BytesIO()
    np.save(buffer, chooser.choice(changes)(), allow_pickle=True)
    return buffer.getvalue()


def _with_number(array: Any, number: float, chooser: random.Random) -> Any:  # Any: arrays of any type
    changed = array.copy()
    changed.flat[chooser.randrange(changed.size)] = number if changed.dtype.kind == "f" else np.iinfo(changed.dtype).max
    return changed


def craft_table(content: bytes, chooser: random.Random) -> bytes:
    """Change an Arrow file into another one: other columns, types, ids, offsets beyond the data, nulls, no rows."""
    is_stream = not content.startswith(b"ARROW1")
    table = (pa.ipc.open_stream if is_stream else pa.ipc.open_file)(pa.BufferReader(content)).read_all()
    name = chooser.choice(table.column_names)
    column = table[name].combine_chunks()
    changes: list[Callable[[], pa.Table]] = [
        lambda: table.drop_columns([name]),
        lambda: table.slice(0, 0),
        lambda: table.slice(1),
        lambda: pa.concat_tables([table, table]),
        lambda: table.rename_columns([f"{other}2" for other in table.column_names]),
        lambda: table.append_column("more", pa.nulls(len(table))),
        lambda: _with_column(table, name, pa.nulls(len(table), column.type)),
        lambda: _with_column(table, name, pa.nulls(len(table))),
        lambda: _with_column(table, name, pa.array([None, *column.to_pylist()[1:]], column.type)),
        lambda: _with_column(table, name, pa.array(range(len(table)), pa.int16())) if len(table) < 30_000 else table,
        lambda: _with_column(table, name, pa.array(["x"] * len(table), pa.string())),
        lambda: _with_column(table, name, _with_broken_buffer(column, chooser)),
        lambda: _with_column(table, name, _with_broken_buffer(column, chooser)),
        lambda: _with_column(table, name, _with_broken_buffer(column, chooser)),
        lambda: _with_column(table, name, _reversed(column)),
    ]
    return _ipc_bytes(chooser.choice(changes)(), is_stream=is_stream, max_rows=chooser.choice((None, 100)))


def _with_column(table: pa.Table, name: str, column: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, column)


def _reversed(column: pa.Array) -> pa.Array:
    return column.take(pa.array(range(len(column) - 1, -1, -1)))


def _with_broken_buffer(column: pa.Array, chooser: random.Random) -> pa.Array:
    """Return an array with wrong numbers in its offsets or values, which Arrow does not look at unless it is asked."""
    if pa.types.is_large_list(column.type):
        if chooser.random() < 0.5:
            return pa.LargeListArray.from_buffers(
                column.type,
                len(column),
                [None, _broken(column.buffers()[1], np.int64, chooser)],
                children=[column.values],
            )
        values = pa.Array.from_buffers(
            column.type.value_type, len(column.values), [None, _broken(column.values.buffers()[1], np.uint32, chooser)]
        )
        return pa.LargeListArray.from_arrays(column.offsets, values)
    buffers = column.buffers()
    if len(buffers) == 3 and chooser.random() < 0.4:  # strings, which then are no UTF-8
        buffers[2] = pa.py_buffer(flip_high_bits(buffers[2].to_pybytes(), chooser))
    else:
        offsets = np.int64 if pa.types.is_large_string(column.type) else np.int32
        kind = offsets if len(buffers) == 3 else column.type.to_pandas_dtype()
        buffers[1] = _broken(buffers[1], kind, chooser)
    return pa.Array.from_buffers(column.type, len(column), buffers)


def flip_high_bits(content: bytes, chooser: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(3):
        changed[chooser.randrange(len(changed))] |= 0x80
    return bytes(changed)


def _broken(buffer: pa.Buffer, kind: Any, chooser: random.Random) -> pa.Buffer:  # Any: a dtype
    numbers = np.frombuffer(
        buffer.to_pybytes()[: len(buffer) // np.dtype(kind).itemsize * np.dtype(kind).itemsize], kind
    ).copy()
    info = np.iinfo(kind)
    numbers[chooser.randrange(len(numbers))] = chooser.choice((info.max, info.min, info.max // 2, info.max >> 16))
    return pa.py_buffer(numbers.tobytes())


def _ipc_bytes(table: pa.Table, *, is_stream: bool, max_rows: int | None) -> bytes:
    sink = pa.BufferOutputStream()
    with (pa.ipc.new_stream if is_stream else pa.ipc.new_file)(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=max_rows)
    return sink.getvalue().to_pybytes()


CRAFTED: dict[str, Damage] = {".npy": craft_array, ".arrow": craft_table, ".json": edit_json}
"""By what a file's name ends in."""


def with_right_checksums(directory: Path) -> None:
    """Make the manifests in a directory describe its files as they are now, as an attacker would."""
    from spacy_w2v._atomic import describe_files, write_manifest

    for path in directory.rglob("*.json"):
        try:
            values = json.loads(path.read_bytes().decode("utf-8"))
        except (ValueError, RecursionError):
            continue
        if not isinstance(values, dict) or "checksum" not in values:
            continue
        del values["checksum"]
        if isinstance(values.get("files"), dict):
            names = [name for name in values["files"] if (path.parent / name).is_file()]
            values["files"] = values["files"] | describe_files(path.parent, names)
        write_manifest(path, values)


def damages_of(path: Path) -> dict[str, Damage]:
    """Return the kinds of damage that fit a file, by name."""
    kinds = dict(ANY)
    if path.suffix in (".json", ".jsonl"):
        kinds |= {f"{name} {n}": damage for n in (1, 2, 3) for name, damage in JSON.items()}
    if path.suffix in (".json", ".jsonl", ".txt", ".tsv", ".csv", ".cfg", ".glove"):
        kinds |= {f"{name} {n}": damage for n in (1, 2) for name, damage in TEXT.items()}
    return kinds


def swap_files(first: Path, second: Path) -> None:
    """Exchange the contents of two files."""
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)


def fits_crafting(path: Path) -> bool:
    """Return whether a file can be changed into another valid one of its format."""
    return path.suffix in CRAFTED and os.path.getsize(path) > 0
