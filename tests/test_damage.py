"""Files of models, checkpoints and components that are damaged at random: a clear error, or what was written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

N = int(os.environ.get("SPACY_W2V_DAMAGED_FILES", 60))
"""Of each kind."""


@pytest.mark.parametrize("crafted", ["", "crafted-"], ids=["damaged", "with right checksums"])
@pytest.mark.parametrize("kind", ["model", "tree", "checkpoint", "component"])
def test_damage_is_never_silent_nor_a_crash(tmp_path, kind, crafted):
    child = Path(__file__).with_name("damage_models.py")
    done = subprocess.run(
        [sys.executable, str(child), crafted + kind, "7", str(N), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60 + 2 * N,
    )
    last = (tmp_path / "now").read_text() if (tmp_path / "now").exists() else "nothing"
    assert done.returncode == 0, f"exit code {done.returncode} after {last}: {done.stderr[-2000:]}"
    assert done.stdout == ""
    n_refused = int(done.stderr.split("refused ")[1].split(" of ")[0])
    assert n_refused >= (0.9 * N if not crafted else 0.2 * N)
