"""The files of a directory that `Sense2Vec().from_disk` reads, and those of its component.

vectors         the rows, as np.save writes them
key2row         msgpack: the row of each key, by the key's hash
vectors.cfg     the mode of spaCy's table
strings.json    the keys
cfg             JSON: the senses, and the names of the functions that make and split keys
freqs.json      JSON: a list of [hash, count]
cache           msgpack: the nearest neighbours of each row, if they were computed before
"""

from pathlib import Path

VECTORS_FILE, ROWS_FILE, TABLE_FILE, STRINGS_FILE = "vectors", "key2row", "vectors.cfg", "strings.json"
CONFIG_FILE, COUNTS_FILE, CACHE_FILE = "cfg", "freqs.json", "cache"

FILES = (CONFIG_FILE, VECTORS_FILE, ROWS_FILE, TABLE_FILE, STRINGS_FILE, COUNTS_FILE, CACHE_FILE)

NEEDED = (CONFIG_FILE, VECTORS_FILE, ROWS_FILE)
"""What sense2vec always writes. With `exclude`, it leaves out strings.json and the cache."""


def is_sense2vec(directory: Path) -> bool:
    """Return whether a directory is one of sense2vec."""
    return all((directory / name).is_file() for name in NEEDED)
