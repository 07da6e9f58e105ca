"""The key function of a vectors table, as the block of a config in the lookups of a vocab, which spaCy saves with it.

A document, also one from another process, has this vocab, so that the keys of its tokens can be made.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spacy_w2v.formats.spacy._stored_counts import find_stored

TABLE_NAME = "w2v_keys"

KeyBlock = dict[str, Any]  # Any: arguments of a registered function


def store_key_block(vocab: Any, block: Mapping[str, Any] | None) -> None:  # Any: spaCy's Vocab has no types
    """Store the block of a key function in a vocab, in place of an earlier one.

    Args:
        vocab: The vocab.
        block: The block, such as {"@misc": "spacy_w2v.SenseKeys.v1"}; None if an attribute of tokens is their key.
    """
    if vocab.lookups.has_table(TABLE_NAME):
        vocab.lookups.remove_table(TABLE_NAME)
    if block is not None:
        vocab.lookups.add_table(TABLE_NAME, {"block": json.dumps(dict(block))})


def find_key_block(vocab: Any, *, vectors: str | Path | None = None) -> KeyBlock | None:
    """Return the block of the key function of a vocab's vectors table; None if it has none.

    Args:
        vocab: The vocab.
        vectors: The pipeline from which `[initialize]` loaded the table; see `find_stored`.

    Raises:
        StorageError: The lookups of that pipeline are damaged.
    """
    return find_stored(vocab, _block_in, vectors=vectors)


def _block_in(lookups: Any, table: Any) -> KeyBlock | None:
    if not lookups.has_table(TABLE_NAME):
        return None
    try:
        block = json.loads(lookups.get_table(TABLE_NAME)["block"])
    except (KeyError, TypeError, ValueError):
        return None
    return block if isinstance(block, dict) else None
