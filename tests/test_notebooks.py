"""The notebooks run from top to bottom, show what their text says, and are kept without outputs."""

import re

import pytest
from helpers_pages import ROOT

nbformat = pytest.importorskip("nbformat")

NOTEBOOKS = sorted((ROOT / "docs/notebooks").glob("*.ipynb"))


def read(path):
    return nbformat.read(path, as_version=4)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_kept_without_outputs(path):
    cells = read(path).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    assert code
    assert all(not cell.outputs and cell.execution_count is None for cell in code)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_links_of_notebooks_lead_to_pages(path):
    for cell in read(path).cells:
        for target in re.findall(r"\]\(([^)#\s]+)", cell.source) if cell.cell_type == "markdown" else []:
            assert (path.parent / target).is_file(), target


def test_the_example_shows_a_card_neighbours_a_map_and_tokens_with_vectors(tmp_path):
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    notebook = read(ROOT / "docs/notebooks/first-vectors.ipynb")
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    by_source = {cell.source: cell.outputs for cell in notebook.cells if cell.cell_type == "code"}

    def shown(start, kind="text/plain"):
        """The result of the cell that starts like this."""
        outputs = next(outputs for source, outputs in by_source.items() if source.startswith(start))
        return next(output["data"][kind] for output in outputs if output["output_type"] == "execute_result")

    assert "<svg" in shown("model", "text/html") or "<table" in shown("model", "text/html")
    assert shown('model.most_similar("french"').count("(") == 5
    assert "google" in shown("spacy_w2v.evaluate").lower() or "analog" in shown("spacy_w2v.evaluate").lower()
    assert "('French', True)" in shown("nlp = ")
    near, far = map(float, re.findall(r"0\.\d+|-?\d\.\d+(?:e-\d+)?", shown('nlp("french king")'))[-2:])
    assert near > far
    assert (tmp_path / "first-pipeline/vocab/vectors").is_file()
    if (tmp_path / "map.png").exists():
        assert "image/png" in str(by_source).lower()
    else:
        pytest.importorskip("altair")
        pytest.fail("altair is installed, but there is no map")
