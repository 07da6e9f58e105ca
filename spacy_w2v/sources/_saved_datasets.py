"""Datasets that `Dataset.save_to_disk` or `DatasetDict.save_to_disk` of datasets has written."""

from pathlib import Path
from typing import TYPE_CHECKING

from spacy_w2v.errors import CorpusError

if TYPE_CHECKING:
    import datasets


def is_saved_to_disk(path: str) -> bool:
    """Return whether the path was written by Dataset.save_to_disk or DatasetDict.save_to_disk."""
    return any(Path(path, marker).is_file() for marker in ("state.json", "dataset_dict.json"))


def open_saved(path: str) -> "dict[str, datasets.Dataset]":
    """Return the splits of a DatasetDict that save_to_disk wrote, or a Dataset as the split "train"."""
    import datasets

    dataset = datasets.load_from_disk(path)
    return dataset if isinstance(dataset, dict) else {str(dataset.split or "train"): dataset}


def slice_of(splits: "dict[str, datasets.Dataset]", split: str) -> "datasets.Dataset":
    """Return the rows of a split such as "train[:10%]" or "train+test".

    Raises:
        CorpusError: The split does not exist.
    """
    import datasets
    from datasets.arrow_reader import ReadInstruction

    try:
        lengths = {name: len(dataset) for name, dataset in splits.items()}
        parts = ReadInstruction.from_spec(split).to_absolute(lengths)
        found = [splits[part.splitname].select(range(part.from_, part.to)) for part in parts]
    except (ValueError, AssertionError, KeyError) as error:
        raise CorpusError(f"split must be the name of a split, or of a part of one, was: {split}. {error}") from None
    return datasets.concatenate_datasets(found) if len(found) > 1 else found[0]
