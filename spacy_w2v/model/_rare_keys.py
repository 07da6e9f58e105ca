"""Rare keys of frequent texts: they count as the commonest key of the same text."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # pipelines are used without pyarrow
    import pyarrow as pa


def back_off(types: "pa.Table", frequent: "pa.Array") -> "pa.Table":
    """Return the types of a corpus with the keys that count.

    A type whose key is rare gets the commonest key that its text has in any case; a frequent one if there is one.
    "duck|ADP", which a tagger made twice, becomes "duck|NOUN". If a text has rare keys only, they become one, which may
    be frequent. Of keys that are equally common, the one that occurs first is taken.

    Args:
        types: One row per type: columns id, orth, key, count.
        frequent: The keys that are frequent enough to be words, or are kept for another reason.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pc.utf8_lower(types["orth"]).combine_chunks().dictionary_encode()
    keys = types["key"].combine_chunks().dictionary_encode()
    is_frequent = np.asarray(pc.is_in(keys.dictionary, value_set=frequent))
    n_keys = len(keys.dictionary)
    places = texts.indices.to_numpy().astype(np.int64) * n_keys + keys.indices.to_numpy()  # of a key of a text
    senses, sense_of_type = np.unique(places, return_inverse=True)
    counts = np.bincount(sense_of_type, weights=types["count"].to_numpy())  # exact below 2 ** 53
    first = np.full(len(senses), np.iinfo(np.int64).max)
    np.minimum.at(first, sense_of_type, types["id"].to_numpy().astype(np.int64))
    text_of_sense, key_of_sense = np.divmod(senses, n_keys)
    order = np.lexsort((first, -counts, ~is_frequent[key_of_sense], text_of_sense))
    _, best = np.unique(text_of_sense[order], return_index=True)  # the first of each text
    commonest = key_of_sense[order][best]
    own = keys.indices.to_numpy()
    chosen = np.where(is_frequent[own], own, commonest[texts.indices.to_numpy()])
    return types.set_column(types.schema.get_field_index("key"), "key", keys.dictionary.take(pa.array(chosen)))
