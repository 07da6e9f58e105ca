"""Pictures: coordinates and rotations against plain references, valid specifications, files that load nothing."""

import base64
import hashlib
import html
import json
import re
import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest
from helpers_model import make_model
from helpers_plots import HOSTILE, NAMES, charts, hostile_vectors, random_vectors, vectors_of
from scipy.linalg import orthogonal_procrustes

from spacy_w2v.errors import ConfigError, StorageError, UnknownWordError
from spacy_w2v.inspection._inspection import inspect_vectors
from spacy_w2v.model._spectrum import effective_rank
from spacy_w2v.plots._clusters import clusters
from spacy_w2v.plots._groups import read_groups
from spacy_w2v.plots._html import script_json
from spacy_w2v.plots._label_placement import NEVER, OFFSET, ROW_HEIGHT, ZOOMS, label_zooms, text_width
from spacy_w2v.plots._map import map_chart
from spacy_w2v.plots._map_points import HEIGHT, OTHER, WIDTH, map_points
from spacy_w2v.plots._map_table import write_map_table
from spacy_w2v.plots._movement import movements, rotation
from spacy_w2v.plots._movement_chart import movement_chart
from spacy_w2v.plots._projection import projection, unit_rows
from spacy_w2v.plots._saving import chart_spec, save_chart
from spacy_w2v.plots._similarity import similarities
from spacy_w2v.plots._spectrum import variance_shares
from spacy_w2v.plots._themes import THEMES, theme_config
from spacy_w2v.plots._training import training_chart


@pytest.fixture(scope="module")
def vectors():
    return random_vectors(120, 12, counts=np.arange(1200, 0, -10))


# coordinates


def reference_components(matrix):
    """By the singular value decomposition in float64; the entry with the largest size in each axis is positive."""
    unit = np.array([row / np.sqrt((row**2).sum()) for row in np.asarray(matrix, np.float64)])
    centred = unit - unit.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    signs = [np.sign(axis[np.argmax(abs(axis))]) for axis in axes[:2]]
    return centred @ (axes[:2] * np.array(signs)[:, None]).T


def test_principal_components_are_those_of_the_decomposition(vectors):
    rows = np.arange(5, 100)
    actual = projection(vectors, rows)
    assert actual.dtype == np.float32
    np.testing.assert_allclose(actual, reference_components(vectors.matrix[rows]), atol=2e-6)  # float32 vectors


def test_coordinates_do_not_depend_on_the_scale_of_vectors(vectors):
    scaled = vectors_of(vectors.matrix * np.logspace(-30, 30, len(vectors))[:, None])
    np.testing.assert_allclose(projection(scaled, np.arange(60)), projection(vectors, np.arange(60)), atol=1e-5)


def test_rows_without_direction_have_no_place():
    matrix = np.random.default_rng(0).normal(size=(20, 4))
    matrix[3], matrix[5, 2], matrix[7, 0] = 0, np.nan, np.inf
    vectors = vectors_of(matrix)
    places = projection(vectors, np.arange(20))
    assert np.flatnonzero(np.isnan(places).any(axis=1)).tolist() == [3, 5, 7]
    others = np.setdiff1d(np.arange(20), [3, 5, 7])
    np.testing.assert_allclose(places[others], reference_components(matrix[others]), atol=1e-6)
    points = map_points(vectors)
    assert points.n_left_out == 3
    assert "3 without a direction are left out" in json.dumps(chart_spec(map_chart(points)))


@pytest.mark.parametrize("matrix", [[[1.0], [-2.0], [3.0]], [[1, 2], [3, 4], [5, 6]], [[1, 1]] * 4, [[2, 1]]])
def test_small_tables_have_maps(matrix, tmp_path):
    points = map_points(vectors_of(matrix), n_clusters=3)
    assert np.isfinite(points.coordinates).all()
    assert points.view.x[0] < points.view.x[1]
    assert save_chart(map_chart(points), tmp_path / "x.svg") == []


def test_tsne_keeps_neighbours_together_and_depends_on_the_seed_only():
    pytest.importorskip("openTSNE", reason="needs openTSNE, which has no wheels for Linux on ARM64")
    generator = np.random.default_rng(0)
    centres = np.eye(3, 8)[np.arange(60) % 3] * 10
    vectors = vectors_of(centres + generator.normal(size=(60, 8)))
    places = projection(vectors, np.arange(60), method="tsne")
    distances = np.linalg.norm(places[:, None] - places[None], axis=2) + np.diag(np.full(60, np.inf))
    assert (distances.argmin(axis=1) % 3 == np.arange(60) % 3).all()
    np.testing.assert_array_equal(places, projection(vectors, np.arange(60), method="tsne"))


def test_tsne_needs_words(vectors):
    with pytest.raises(ConfigError, match=r"t-SNE needs at least 10 words .* was: 9\. Choose method = pca"):
        projection(vectors, np.arange(9), method="tsne")
    with pytest.raises(ConfigError, match="method must be one of pca, tsne, was: umap"):
        projection(vectors, np.arange(9), method="umap")


def test_a_map_without_directions_is_refused():
    with pytest.raises(ConfigError, match="needs words whose vectors are not zero, but made has none"):
        map_points(vectors_of(np.zeros((3, 2))))


# words, labels and groups


def test_a_map_has_one_word_for_each_row():
    vectors = vectors_of(np.eye(3), words=["THE", "The", "the", "Of", "x"], rows=[0, 0, 0, 1, 2])
    assert map_points(vectors).words == ["the", "Of", "x"]
    assert map_points(vectors, n_words=1, groups={"The": "a"}).words == ["The"]


def test_the_most_frequent_words_are_shown():
    vectors = random_vectors(9, 3, counts=[1, 5, 3, 9, 2, 8, 7, 4, 6])
    assert map_points(vectors, n_words=3).words == ["w3", "w5", "w6"]
    with_group = map_points(vectors, n_words=3, groups={"w0": "rare", "w3": "often", "nope": "none"})
    assert with_group.words == ["w3", "w5", "w6", "w0"]
    assert with_group.grouping.of_words == ["often", OTHER, OTHER, "rare"]
    assert with_group.counts.tolist() == [9, 8, 7, 1]


@pytest.mark.parametrize("zoom", [0.3, 1.0, 2.0, 6.0, 16.0])
def test_labels_never_overlap(zoom):
    generator = np.random.default_rng(1)
    points = generator.normal(size=(400, 2))
    labels = ["w" * generator.integers(1, 12) for _ in points]
    zooms = label_zooms(points, labels, pixels_per_unit=80)
    shown = np.flatnonzero(zooms <= zoom)
    left, bottom = points[shown].T * 80 * zoom
    right = left + OFFSET + [text_width(labels[i]) for i in shown]
    for i in range(len(shown)):
        beside = (right[i] <= left) | (right <= left[i]) | (abs(bottom - bottom[i]) >= ROW_HEIGHT)
        assert np.flatnonzero(~beside).tolist() == [i]
    assert len(shown) > 0
    assert zooms[0] == min(ZOOMS)
    assert (zooms[zooms != NEVER] <= 16).all()


def test_more_labels_appear_as_one_zooms():
    points = np.random.default_rng(2).normal(size=(300, 2))
    zooms = label_zooms(points, ["word"] * 300, pixels_per_unit=60)
    assert [int((zooms <= zoom).sum()) for zoom in (1, 2, 4, 16)] == sorted(
        {int((zooms <= z).sum()) for z in (1, 2, 4, 16)}
    )


def test_clusters_are_those_that_are_there():
    centres = np.repeat(np.eye(4), [40, 30, 20, 10], axis=0)
    unit = unit_rows(centres + np.random.default_rng(0).normal(scale=0.05, size=centres.shape))
    assert clusters(unit, n_clusters=4).tolist() == np.repeat([0, 1, 2, 3], [40, 30, 20, 10]).tolist()
    assert clusters(unit[[0, 0, 0, 1]], n_clusters=8).tolist() == [0, 0, 0, 1]


def test_clusters_are_named_after_their_words(vectors):
    points = map_points(vectors, n_clusters=3)
    assert len(points.grouping.names) == 3
    for name in points.grouping.names:
        of_group = [word for word, group in zip(points.words, points.grouping.of_words, strict=True) if group == name]
        assert set(name.split(", ")) <= set(of_group)


def test_groups_are_read_from_a_file(tmp_path):
    path = tmp_path / "groups.tsv"
    path.write_text("\ufeffking\troyals\nqueen\troyals\n\nking\tother\ncar\tthings \n", encoding="utf-8")
    assert read_groups(path) == {"king": "royals", "queen": "royals", "car": "things"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"king royals\n", r"a word, a tab and a group, but line 1 of .* is: 'king royals'"),
        (b"a\tb\tc\n", "a word, a tab and a group, but line 1"),
        (b"\n", "must have a line"),
        (b"\xff\xfe", "must be a text file in UTF-8"),
    ],
)
def test_other_files_of_groups_are_refused(content, message, tmp_path):
    (tmp_path / "groups.tsv").write_bytes(content)
    with pytest.raises(StorageError, match=message):
        read_groups(tmp_path / "groups.tsv")


def test_more_groups_than_colours_are_refused(vectors):
    with pytest.raises(ConfigError, match=r"at most 8 groups, .* was: 9"):
        map_points(vectors, groups={f"w{i}": f"g{i}" for i in range(9)})


# spectra, similarities, movements


def test_a_spectrum_is_that_of_the_covariance(vectors):
    shares = variance_shares(vectors)
    variances = np.linalg.eigvalsh(np.cov(vectors.matrix.astype(np.float64).T, bias=True))[::-1]
    np.testing.assert_allclose(shares, variances / variances.sum(), rtol=1e-6)
    assert effective_rank(np.full(7, 1 / 7)) == pytest.approx(7)
    assert effective_rank(np.array([1.0, 0.0])) == 1


def test_a_spectrum_is_that_of_an_inspection():
    matrix = np.random.default_rng(0).normal(size=(30, 5)) + 1
    matrix[3], matrix[7, 1] = 0, np.nan
    vectors = vectors_of(matrix, words=[f"w{i}" for i in range(28)], rows=np.arange(2, 30))
    shares, expected = variance_shares(vectors), inspect_vectors(vectors)
    np.testing.assert_allclose(shares, expected.variance_shares, rtol=1e-9)
    assert effective_rank(shares) == pytest.approx(expected.effective_rank)


def test_a_spectrum_needs_variance():
    with pytest.raises(ConfigError, match="vectors that differ, but those of made do not"):
        variance_shares(vectors_of([[np.nan, 1.0], [2.0, 3.0]]))


def test_similarities_are_cosines_in_an_order_that_puts_similar_words_together():
    angles = np.deg2rad([0, 90, 10, 100])
    vectors = vectors_of(np.stack([np.cos(angles), np.sin(angles)], axis=1) * [[1], [2], [3], [4]], words=list("abcd"))
    found = similarities(vectors, ["a", "b", "c", "d", "a"])
    assert "".join(found.words) in ("acbd", "dbca", "acdb", "bdca", "cabd", "dbac", "cadb", "bdac")
    a, c = found.words.index("a"), found.words.index("c")
    assert found.matrix[a, c] == pytest.approx(np.cos(np.deg2rad(10)))
    assert similarities(vectors, ["a", "b", "c"], sort=False).words == ["a", "b", "c"]
    with pytest.raises(ConfigError, match="2 to 100 different words, was: 1"):
        similarities(vectors, ["a", "a"])
    with pytest.raises(UnknownWordError, match="was: 'z'"):
        similarities(vectors, ["a", "z"])


def test_the_rotation_is_that_of_scipy():
    generator = np.random.default_rng(0)
    moving, fixed = generator.normal(size=(2, 50, 6))
    np.testing.assert_allclose(rotation(moving, fixed), orthogonal_procrustes(moving, fixed)[0], atol=1e-12)


def test_words_that_moved_are_found_whatever_the_axes_are():
    generator = np.random.default_rng(0)
    matrix = generator.normal(size=(300, 10))
    turned = matrix @ np.linalg.qr(generator.normal(size=(10, 10)))[0] * 3
    turned[42], turned[7] = generator.normal(size=(2, 10))
    before = vectors_of(np.pad(matrix, ((0, 0), (0, 3))), words=[f"w{i}" for i in range(300)])
    after = vectors_of(turned[::-1], words=[f"w{i}" for i in range(299, -1, -1)], counts=np.arange(300, 0, -1))
    found = movements(before, after)
    assert {found.words[place] for place in found.most_moved(2)} == {"w42", "w7"}
    others = np.setdiff1d(np.arange(300), found.most_moved(2))
    assert found.cosines[others].min() > 0.95
    assert found.words[0] == "w299"
    assert len(movements(before, after, n_words=50).words) == 50
    with pytest.raises(ConfigError, match=r"must share at least 3 words .* share: 2"):
        movements(before, vectors_of(np.eye(3), words=["w1", "w2", "x"]))


def test_words_of_one_frequency_that_have_not_moved_fit_into_a_chart():
    vectors = vectors_of(np.eye(4), counts=np.full(4, 7))
    layer = movement_chart(movements(vectors, vectors)).to_dict()["layer"][0]
    for axis in "xy":
        low, high = layer["encoding"][axis]["scale"]["domain"]
        assert low < high


# charts and files


@pytest.fixture(scope="module")
def made(vectors):
    return charts(vectors)


@pytest.fixture(scope="module")
def hostile():
    return hostile_vectors()


@pytest.fixture(scope="module")
def hostile_charts(hostile):
    return charts(hostile)


def colors_in(values):
    """All colours that a specification names itself."""
    return re.findall(r'"(#[0-9a-f]{3,8}|white|black|(?:rgb|hsl)a?\([^"]*)"', json.dumps(values))


def without_data(spec):
    return {name: value for name, value in spec.items() if name != "datasets"}


@pytest.mark.parametrize("name", NAMES)
def test_charts_follow_the_schema_and_have_no_colours_of_their_own(made, name):
    spec = chart_spec(made[name])  # altair compares it with the schema of Vega-Lite
    assert made[name].to_dict(validate=True)
    assert "config" not in spec
    assert colors_in(without_data(spec)) == []


def test_both_themes_have_the_same_entries():
    def shape(value):
        return {name: shape(each) for name, each in value.items()} if isinstance(value, dict) else type(value)

    assert shape(theme_config("light")) == shape(theme_config("dark"))
    with pytest.raises(ConfigError, match="theme must be one of light, dark, was: blue"):
        theme_config("blue")


def luminance(color):
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first, second):
    high, low = sorted([luminance(first), luminance(second)], reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", list(THEMES))
def test_colours_have_contrast(name):
    theme = THEMES[name]
    for text in (theme.text, theme.muted):
        assert contrast(text, theme.background) >= 4.5
    for mark in (theme.accent, *theme.category, *theme.ramp):
        assert contrast(mark, theme.background) >= 3
    assert len(set(theme.category)) == 8


def urls_of(page):
    """What a browser would load, by attributes and styles of the page; scripts are parts of the page."""
    outside = re.sub(r"<script>.*?</script>", "<script></script>", page, flags=re.DOTALL)
    return re.findall(r"""(?:src|href|action)\s*=|url\(|@import|https?:""", outside)


@pytest.mark.parametrize("name", NAMES)
def test_pages_load_nothing_and_survive_all_words(hostile_charts, name, tmp_path):
    save_chart(hostile_charts[name], tmp_path / "x.html")
    page = (tmp_path / "x.html").read_text(encoding="utf-8")
    assert urls_of(page) == []
    assert page.count("<script>") == page.count("</script>") == 2
    script = page.rsplit("<script>", 1)[1]
    assert 'renderer: "canvas"' in script
    assert "editor: false" in script
    spec = json.loads(re.search(r"^const spec = (.*);$", script, re.MULTILINE)[1])
    shown = {value for rows in spec["datasets"].values() for row in rows for value in row.values()}
    assert name in ("spectrum", "training", "runs") or {"</script>", "😀", "שלום"} <= shown
    assert len(page.encode()) < 3_000_000


def test_json_in_scripts_cannot_end_them():
    text = script_json({"words": HOSTILE})
    assert "<" not in text
    assert "\u2028" not in text
    assert json.loads(text) == {"words": HOSTILE}


def test_a_title_is_text(vectors, tmp_path):
    save_chart(map_chart(map_points(vectors), title="<b>&"), tmp_path / "x.html")
    assert f"<title>{html.escape('<b>&')}</title>" in (tmp_path / "x.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("suffix", "start"),
    [("png", b"\x89PNG\r\n"), ("svg", b"<svg"), ("pdf", b"%PDF"), ("json", b"{"), ("PNG", b"\x89PNG")],
)
def test_the_suffix_chooses_the_kind_of_file(made, suffix, start, tmp_path):
    path = tmp_path / f"x.{suffix}"
    assert save_chart(made["similarity"], path, theme="dark") == []
    assert path.read_bytes().startswith(start)
    if suffix in ("svg", "json"):
        assert THEMES["dark"].background in path.read_text(encoding="utf-8")


def test_other_suffixes_and_themes_are_refused(made, tmp_path):
    with pytest.raises(ConfigError, match=r"must end in \.html, \.png, \.svg, \.pdf or \.json, was: .*x\.gif"):
        save_chart(made["map"], tmp_path / "x.gif")
    with pytest.raises(ConfigError, match="theme must be one of auto, light, dark, was: blue"):
        save_chart(made["map"], tmp_path / "x.png", theme="blue")


def test_text_of_the_dark_theme_is_light(made, tmp_path):
    save_chart(made["map"], tmp_path / "x.svg", theme="dark")
    svg = (tmp_path / "x.svg").read_text(encoding="utf-8")
    fills = set(re.findall(r'<text[^>]* fill="(#\w+)"[^>]*>w\d+</text>', svg))
    assert fills == {THEMES["dark"].text, THEMES["dark"].background}  # labels, and what sets them off from points


def test_characters_without_a_font_are_named(tmp_path):
    vectors = random_vectors(12, 4, words=["\U000f0000", *(f"w{i}" for i in range(11))])  # for private use
    (note,) = save_chart(map_chart(map_points(vectors)), tmp_path / "x.png")
    assert "x.png: this machine has no font for these characters" in note
    assert "\U000f0000" in note
    assert save_chart(map_chart(map_points(vectors)), tmp_path / "x.svg") == []


def test_wheel_zooms_only_with_a_key(made):
    (pan,) = [param for param in chart_spec(made["map"])["params"] if param["name"] == "pan"]
    assert pan["select"]["zoom"] == "wheel![event.ctrlKey || event.metaKey]"


def test_layers_of_a_map_have_no_axes_and_share_their_domains(made):
    layers = chart_spec(made["groups"])["layer"]
    assert len(layers) >= 3
    for axis in "xy":
        assert {layer["encoding"][axis]["axis"] for layer in layers} == {None}
        assert len({tuple(layer["encoding"][axis]["scale"]["domain"]) for layer in layers}) == 1
    x, y = ([layers[0]["encoding"][axis]["scale"]["domain"][i] for i in (0, 1)] for axis in "xy")
    assert (x[1] - x[0]) / (y[1] - y[0]) == pytest.approx(WIDTH / HEIGHT)


def test_scores_while_training_stand_at_their_epochs(made):
    data = chart_spec(made["training"])["datasets"].values()
    (scores,) = [rows for rows in data if "score" in rows[0]]
    assert [(row["epoch"], row["set"], row["score"]) for row in scores] == [
        (i, "WordSim-353", pytest.approx(0.1 * i)) for i in (1, 2, 3)
    ]


def test_curves_need_epochs():
    with pytest.raises(ConfigError, match="Curves need a model with epochs, but these have none: a"):
        training_chart({"a": make_model([2, 1]).record})


# tables for other programs


def test_a_table_of_the_map_has_neighbours_as_embedding_atlas_reads_them(hostile, tmp_path):
    points = map_points(hostile, n_words=40, n_clusters=2)
    write_map_table(points, hostile, tmp_path / "map.parquet")
    rows = pq.read_table(tmp_path / "map.parquet").to_pylist()
    assert [row["word"] for row in rows] == points.words
    assert [(row["x"], row["y"]) for row in rows] == [tuple(each) for each in points.coordinates.tolist()]
    for number, row in enumerate(rows):
        expected = [word for word, _ in hostile.most_similar(row["word"], topn=10)]
        assert row["nearest"] == expected
        ids, distances = row["neighbors"]["ids"], row["neighbors"]["distances"]
        cosines = unit_rows(hostile.matrix[:40]) @ unit_rows(hostile.matrix[number : number + 1])[0]
        cosines[number] = -np.inf
        assert ids == np.argsort(-cosines, kind="stable")[:10].tolist()
        np.testing.assert_allclose(distances, 1 - cosines[ids], atol=1e-12)
    assert {row["group"] for row in rows} == set(points.grouping.names)


# extras


@pytest.mark.parametrize(
    ("module", "statement", "message"),
    [
        ("altair", "spectrum_chart({'a': np.ones(2) / 2})", "Charts need the package altair.*spacy-w2v[plots]"),
        (
            "vl_convert",
            "save_chart(spectrum_chart({'a': np.ones(2) / 2}), 'x.png')",
            "vl-convert-python.*spacy-w2v[plots]",
        ),
        ("openTSNE", "projection(v, np.arange(20), method='tsne')", "need the package openTSNE.*spacy-w2v[maps]"),
    ],
)
def test_a_missing_package_is_named_with_its_extra(module, statement, message, tmp_path):
    code = f"""
import sys
import numpy as np
sys.modules[{module!r}] = None
from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.plots._projection import projection
from spacy_w2v.plots._saving import save_chart
from spacy_w2v.plots._spectrum import spectrum_chart
v = WordVectors("v", [str(i) for i in range(20)], np.arange(20), np.eye(20, dtype=np.float32))
projection(v, np.arange(20))
try:
    {statement}
except ValueError as error:
    print(type(error).__name__, error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.startswith("ConfigError ")
    assert re.search(re.escape(message).replace(r"\.\*", ".*"), done.stdout)


def test_a_page_allows_its_own_scripts_only(tmp_path):
    save_chart(charts(hostile_vectors(), "similarity")["similarity"], tmp_path / "x.html")
    page = (tmp_path / "x.html").read_text(encoding="utf-8")
    policy = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', page)[1]
    scripts = re.findall("<script>(.*?)</script>", page, re.DOTALL)
    expected = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    assert re.findall("'sha256-([^']*)'", policy) == expected
    assert len(expected) == 2
    assert policy.startswith("default-src 'none'; ")
    assert "http" not in policy
