"""The annotation of Docs as arrays of a DocBin, while Docs come group by group."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spacy_w2v.sources._docbin_format import EMPTY_SPANS, OF_STRINGS, UnpackedDocs

if TYPE_CHECKING:
    from spacy.tokens import Doc

ATTRIBUTES = ("LEMMA", "POS", "TAG", "MORPH", "DEP", "HEAD", "SENT_START", "ENT_IOB", "ENT_TYPE")
"""What is written of each token, besides ORTH and SPACY."""


class DocArrays:
    """Collects the annotation of Docs. Nothing refers to the Docs or their vocab."""

    def __init__(self) -> None:
        from spacy.attrs import IDS

        # spaCy takes any order, but writes this one.
        self.attrs = [IDS["ORTH"], *sorted(IDS[name] for name in ATTRIBUTES)]
        self._of_strings = [self.attrs.index(IDS[name]) for name in OF_STRINGS if IDS[name] in self.attrs]
        self._tokens: list[NDArray[np.uint64]] = []
        self._spaces: list[NDArray[np.bool_]] = []
        self._lengths: list[int] = []
        self._has_unknown_spaces: list[bool] = []
        self._strings: dict[int, str] = {}

    def add(self, doc: "Doc", *, is_first: bool) -> None:
        """Add a Doc.

        Args:
            doc: The Doc.
            is_first: Whether it begins a document. If not, it continues the last one, as the next part of a long text.
        """
        from spacy.attrs import SPACY

        tokens = doc.to_array(self.attrs).reshape(len(doc), len(self.attrs)).astype(np.uint64)
        strings = doc.vocab.strings
        for number in np.unique(tokens[:, self._of_strings]).tolist():
            if number not in self._strings:
                self._strings[number] = strings[number]
        self._tokens.append(tokens)
        self._spaces.append(doc.to_array(SPACY).astype(bool).reshape(len(doc)))
        if is_first or not self._lengths:
            self._lengths.append(0)
            self._has_unknown_spaces.append(bool(doc.has_unknown_spaces))
        self._lengths[-1] += len(doc)  # heads are relative, so they stay as they are

    def docs(self) -> UnpackedDocs:
        """Return the Docs that were added."""
        n_docs = len(self._lengths)
        per_doc: dict[str, list[Any]] = {  # Any: as in UnpackedDocs
            "cats": [{} for _ in range(n_docs)],
            "flags": [{"has_unknown_spaces": unknown} for unknown in self._has_unknown_spaces],
            "span_groups": [EMPTY_SPANS[-1]] * n_docs,
        }
        return UnpackedDocs(
            self.attrs,
            np.concatenate([np.empty((0, len(self.attrs)), np.uint64), *self._tokens]),
            np.concatenate([np.empty(0, np.bool_), *self._spaces]),
            np.array(self._lengths, np.int64),
            self._strings,
            per_doc,
        )
