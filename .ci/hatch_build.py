"""Build hook of hatchling: the wheel names its package in top_level.txt, as setuptools does.

`spacy package` looks there to find which distribution a registered function belongs to, and lists that distribution
among the requirements of a packaged pipeline.
"""

import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class TopLevel(BuildHookInterface):
    """Adds top_level.txt to the metadata of wheels, editable ones too."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the file. version: "standard" or "editable"."""
        self._directory = tempfile.TemporaryDirectory()
        path = Path(self._directory.name, "top_level.txt")
        path.write_text("spacy_w2v\n", encoding="utf-8")
        distribution = self.metadata.name.replace("-", "_")  # spacy_w2v, or spacy_w2v_core
        name = f"{distribution}-{self.metadata.version}.dist-info/top_level.txt"
        build_data["force_include"][str(path)] = name
        build_data.setdefault("force_include_editable", {})[str(path)] = name

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the temporary file."""
        self._directory.cleanup()
