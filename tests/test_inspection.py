"""`spacy_w2v.inspect_vectors`: every number against float64 references, and tables that are odd."""

import dataclasses
import json
import re

import numpy as np
import pytest
import spacy
from helpers_cli import w2v_here
from helpers_model import make_model, with_record

import spacy_w2v
from spacy_w2v.config._schema import TokensSettings
from spacy_w2v.corpus._cache import prepared_corpus
from spacy_w2v.inspection import _pmi, _similarity
from spacy_w2v.inspection._warnings import compare, cosine_limit, rank_limit
from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.sources._huggingface import make_dataset_v1


def vectors_of(matrix, *, rows=None, counts=None):
    matrix = np.asarray(matrix)
    rows = np.arange(len(matrix)) if rows is None else np.asarray(rows)
    return WordVectors("made", [f"w{place}" for place in range(len(rows))], rows, matrix, counts=counts)


def normal(n, d, *, mean=0.0, scales=1.0, seed=0, dtype=np.float32):
    generator = np.random.default_rng(seed)
    return (generator.normal(size=(n, d)) * scales + mean).astype(dtype)


def reference_shares(matrix):
    centred = matrix.astype(np.float64) - matrix.astype(np.float64).mean(axis=0)
    squares = np.linalg.svd(centred, compute_uv=False) ** 2
    return squares / squares.sum()


def reference_effective_rank(matrix):
    shares = reference_shares(matrix)
    return np.exp(-sum(share * np.log(share) for share in shares if share > 0))


def reference_mean_cosine(matrix):
    matrix = matrix.astype(np.float64)
    cosines = [
        matrix[i] @ matrix[j] / np.linalg.norm(matrix[i]) / np.linalg.norm(matrix[j])
        for i in range(len(matrix))
        for j in range(i)
    ]
    return np.mean(cosines)


def reference_occurrences(matrix, k):
    units = matrix.astype(np.float64) / np.linalg.norm(matrix.astype(np.float64), axis=1, keepdims=True)
    counts = np.zeros(len(units), int)
    for place, unit in enumerate(units):
        order = [other for other in np.argsort(-(units @ unit)) if other != place]
        counts[order[:k]] += 1
    return counts


SPREADS = {
    "even": normal(300, 12),
    "uneven, with a mean": normal(300, 12, mean=2.0, scales=1 / np.arange(1, 13)),
    "two axes": normal(300, 12) @ np.diag([1, 1] + [0] * 10).astype(np.float32),
    "fewer rows than dimensions": normal(7, 12),
}


@pytest.mark.parametrize("name", SPREADS)
def test_spectrum_and_cosine_are_those_of_references(name):
    matrix = SPREADS[name]
    inspection = spacy_w2v.inspect_vectors(vectors_of(matrix))
    expected = np.zeros(12)
    expected[: min(matrix.shape)] = reference_shares(matrix)
    assert inspection.variance_shares == pytest.approx(expected.tolist(), abs=1e-6)
    assert inspection.effective_rank == pytest.approx(reference_effective_rank(matrix), rel=1e-5)
    assert inspection.rank == np.linalg.matrix_rank(matrix.astype(np.float64), tol=1e-4)
    assert inspection.mean_cosine == pytest.approx(reference_mean_cosine(matrix), abs=1e-6)
    assert (inspection.n_rows, inspection.n_frequent) == (len(matrix), len(matrix))


def test_vectors_that_spread_evenly_have_the_effective_rank_d():
    axes = np.eye(6, dtype=np.float32)
    inspection = spacy_w2v.inspect_vectors(vectors_of(np.concatenate([axes, -axes])))
    assert inspection.effective_rank == pytest.approx(6)
    assert inspection.rank == 6
    assert inspection.mean_cosine == pytest.approx(-1 / 11)  # of 66 pairs, six are opposite and all others orthogonal


def test_mean_cosine_is_that_of_the_most_frequent_words(monkeypatch):
    monkeypatch.setattr(_similarity, "N_FREQUENT", 20)
    matrix = np.concatenate([normal(20, 8, mean=1.0), normal(200, 8, mean=-1.0)])
    inspection = spacy_w2v.inspect_vectors(vectors_of(matrix))
    assert inspection.n_frequent == 20
    assert inspection.mean_cosine == pytest.approx(reference_mean_cosine(matrix[:20]), abs=1e-6)


@pytest.mark.parametrize(("n", "k"), [(150, 10), (8, 7)])
def test_hubs_are_those_of_a_reference(n, k, monkeypatch):
    monkeypatch.setattr(_similarity, "BLOCK", 40)
    matrix = normal(n, 6, mean=0.5)
    counts = reference_occurrences(matrix, k)
    hubs = spacy_w2v.inspect_vectors(vectors_of(matrix)).hubs
    assert (hubs.n_words, hubs.n_neighbours) == (n, k)
    deviations = counts - counts.mean()
    if counts.std():
        assert hubs.skewness == pytest.approx((deviations**3).mean() / counts.std() ** 3)
    else:
        assert hubs.skewness is None
    order = np.argsort(-counts, kind="stable")[: len(hubs.words)]
    assert [(hub.word, hub.share) for hub in hubs.words] == [(f"w{place}", counts[place] / n) for place in order]


def test_hubs_of_many_words_are_of_a_sample_with_a_fixed_seed(monkeypatch):
    monkeypatch.setattr(_similarity, "N_COMPARED", 50)
    vectors = vectors_of(normal(400, 6))
    first, second = (spacy_w2v.inspect_vectors(vectors).hubs for _ in range(2))
    assert first == second
    assert first.n_words == 50
    assert max(int(hub.word[1:]) for hub in first.words) >= 50  # not only frequent words


def test_norms_are_means_by_rank():
    matrix = normal(1234, 4)
    norms = np.linalg.norm(matrix.astype(np.float64), axis=1)
    bands = spacy_w2v.inspect_vectors(vectors_of(matrix)).norms
    assert [(band.first_rank, band.last_rank) for band in bands] == [(1, 10), (11, 100), (101, 1000), (1001, 1234)]
    for band in bands:
        assert band.mean_norm == pytest.approx(norms[band.first_rank - 1 : band.last_rank].mean())


def test_odd_rows_are_counted_and_left_out():
    good = normal(40, 5)
    odd = np.zeros((6, 5), np.float32)
    odd[1] = -0.0
    odd[2, 3] = np.nan
    odd[3, 0] = np.inf
    odd[4], odd[5] = good[3], good[3]
    order = np.random.default_rng(1).permutation(46)
    inspection = spacy_w2v.inspect_vectors(vectors_of(np.concatenate([good, odd])[order]))
    places = {int(place): f"w{rank}" for rank, place in enumerate(order)}
    assert sorted(inspection.zero_rows.words) == sorted([places[40], places[41]])
    assert sorted(inspection.not_finite_rows.words) == sorted([places[42], places[43]])
    same = sorted([places[3], places[44], places[45]], key=lambda word: int(word[1:]))
    assert (inspection.duplicate_rows.n, inspection.duplicate_rows.words) == (2, same[1:])
    usable = np.concatenate([good, odd[4:]])
    assert inspection.effective_rank == pytest.approx(reference_effective_rank(usable), rel=1e-5)
    assert inspection.mean_cosine == pytest.approx(reference_mean_cosine(usable), abs=1e-6)
    assert inspection.hubs.n_words == 42
    assert [warning.rule for warning in inspection.warnings] == ["not-finite"]
    assert json.loads(json.dumps(inspection.to_dict(), allow_nan=False)) == inspection.to_dict()


@pytest.mark.parametrize(
    ("matrix", "rank"),
    [(normal(1, 5), 1), (np.zeros((3, 5), np.float32), 0), (np.full((3, 5), np.nan, np.float32), 0)],
    ids=["one row", "zeros", "NaN"],
)
def test_degenerate_tables_have_no_variance(matrix, rank):
    inspection = spacy_w2v.inspect_vectors(vectors_of(matrix))
    assert inspection.rank == rank
    assert inspection.variance_shares == []
    assert inspection.effective_rank is None
    assert inspection.mean_cosine is None
    assert inspection.hubs is None
    expected = [] if rank else ["not-finite" if np.isnan(matrix).any() else "all-zero"]
    assert [warning.rule for warning in inspection.warnings] == expected


def test_equal_vectors_have_rank_1_and_no_variance():
    inspection = spacy_w2v.inspect_vectors(vectors_of(np.full((600, 5), 0.1, np.float32)))
    assert (inspection.rank, inspection.effective_rank) == (1, None)
    assert inspection.mean_cosine == pytest.approx(1)
    assert inspection.duplicate_rows.n == 599
    assert [warning.rule for warning in inspection.warnings] == ["undertrained"]


def test_half_precision_is_read():
    matrix = normal(200, 8, dtype=np.float16)
    inspection = spacy_w2v.inspect_vectors(vectors_of(matrix))
    assert inspection.rank == 8
    assert inspection.effective_rank == pytest.approx(reference_effective_rank(matrix), rel=1e-5)


def test_rounding_of_half_precision_adds_no_rank():
    matrix = (normal(500, 3) @ normal(3, 8, seed=1)).astype(np.float16)
    assert spacy_w2v.inspect_vectors(vectors_of(matrix)).rank == 3
    assert spacy_w2v.inspect_vectors(vectors_of(matrix.astype(np.float64).astype(np.float32))).rank == 8


def test_shared_and_unused_rows_count_once():
    matrix = normal(30, 4)
    rows = [5, 5, 2, 5, *range(6, 30), 2]
    inspection = spacy_w2v.inspect_vectors(vectors_of(matrix, rows=rows))
    assert (inspection.n_words, inspection.n_rows, inspection.n_unused_rows) == (29, 26, 4)
    used = matrix[[5, 2, *range(6, 30)]]
    assert inspection.effective_rank == pytest.approx(reference_effective_rank(used), rel=1e-5)
    assert inspection.norms[0].mean_norm == pytest.approx(np.linalg.norm(used[:10], axis=1).mean())
    assert inspection.duplicate_rows.n == 0


def test_a_pipeline_has_the_numbers_of_its_model():
    model = make_model(range(300, 0, -1), vector_size=8)
    expected, actual = (spacy_w2v.inspect_vectors(vectors) for vectors in (model, model.to_spacy()))
    assert actual.n_words > actual.n_rows == expected.n_rows == 300
    assert actual.effective_rank == pytest.approx(expected.effective_rank, rel=1e-6)
    assert actual.mean_cosine == pytest.approx(expected.mean_cosine, abs=1e-6)
    assert actual.hubs.skewness == pytest.approx(expected.hubs.skewness)
    assert [hub.word.lower() for hub in actual.hubs.words] == [hub.word for hub in expected.hubs.words]
    assert actual.norms == expected.norms


def test_limits_are_smaller_for_few_dimensions():
    assert [rank_limit(size) for size in (16, 50, 100, 300)] == [4, 12.5, 25, 25]
    assert [cosine_limit(size) for size in (16, 25, 100, 300)] == [0.5, 0.4, 0.4, 0.4]


@pytest.mark.parametrize(
    ("mean", "scales", "is_bad"),
    [(0.0, 1.0, False), (2.0, 1.0, True), (0.0, [1.0] * 3 + [0.01] * 37, True), (0.5, 1.0, False)],
)
def test_rules_judge_vectors_as_they_were_trained(mean, scales, is_bad):
    matrix = normal(300, 40, mean=mean, scales=np.array(scales))
    model = with_record(
        make_model(range(300, 0, -1), vector_size=40, weights=[matrix, matrix]), export={"postprocess": "center"}
    )
    inspection = spacy_w2v.inspect_vectors(model)
    assert abs(inspection.mean_cosine) < 0.02
    assert inspection.trained_mean_cosine == pytest.approx(reference_mean_cosine(matrix), abs=1e-5)
    assert inspection.trained_effective_rank == pytest.approx(reference_effective_rank(matrix), rel=1e-4)
    assert [warning.rule for warning in inspection.warnings] == ["undertrained"] * is_bad
    assert inspection.pmi is None
    assert "not in the cache" in inspection.pmi_left_out


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """A file of 5,000 lines. Most words of a line have its topic, of twenty; each topic has fifteen words."""
    generator = np.random.default_rng(3)
    shares = 1 / np.sqrt(np.arange(1, 16))
    lines = []
    for _ in range(5000):
        topics = np.where(generator.random(12) < 0.6, generator.integers(20), generator.integers(20, size=12))
        words = 20 * generator.choice(15, size=12, p=shares / shares.sum()) + topics
        lines.append(" ".join(f"w{word}" for word in words))
    path = tmp_path_factory.mktemp("texts") / "texts.txt"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def train(texts, cache):
    """Return a function that trains small models of the texts, and keeps the encoded corpus."""

    def train(**settings):
        defaults = {"vector_size": 16, "min_count": 1, "sample": 0, "window": 4, "workers": 1, "epochs": 1}
        return spacy_w2v.train(texts, tokenizer="whitespace", cache_dir=cache, seed=1, **defaults | settings)

    return train


def reference_pmi(texts, words, window):
    """Return the PMI and the weighted count of each pair of words, counted one by one."""
    rank = {word: place for place, word in enumerate(words)}
    n = len(words)
    pairs, singles = np.zeros((n, n)), np.zeros(n)
    for line in texts.read_text().splitlines():
        tokens = [rank[word] for word in line.split() if word in rank]
        for place, token in enumerate(tokens):
            singles[token] += 1
            for other in range(max(0, place - window), min(len(tokens), place + window + 1)):
                if other != place:
                    pairs[token, tokens[other]] += (window - abs(place - other) + 1) / window
    with np.errstate(divide="ignore"):
        pmi = np.log(pairs / pairs.sum()) - np.log(np.outer(singles, singles) / singles.sum() ** 2)
    return pmi, pairs


@pytest.mark.parametrize("min_count", [1, 40])
def test_correlation_with_pmi_is_that_of_a_reference(train, texts, cache, min_count):
    model = train(epochs=3, alpha=0.05, min_count=min_count)
    pmi, counts = reference_pmi(texts, model.words, model.settings.window)
    first = 50 if len(model) >= 200 else 0
    products = model.input_vectors.astype(np.float64) @ model.output_vectors.T
    chosen = counts >= 5
    chosen[:first], chosen[:, :first] = False, False
    actual = spacy_w2v.inspect_vectors(model, cache_dir=cache).pmi
    assert actual.correlation == pytest.approx(np.corrcoef(pmi[chosen], products[chosen])[0, 1])
    assert actual.spread == pytest.approx(products[chosen].std() / pmi[chosen].std())
    assert (actual.n_pairs, actual.n_words) == (chosen.sum(), len(model) - first)
    assert actual.n_tokens == model.vocabulary.n_tokens


def test_sentences_are_boundaries_of_windows_in_pmi():
    counts = _pmi.PairCounts(3, window=2)
    counts.add(np.array([0, 1, 2, 0], np.uint32), np.array([0, 0, 1, 1]))
    _, is_frequent = counts.pmi()
    assert not is_frequent.any()
    assert counts._of_pairs.reshape(3, 3).tolist() == [[0, 1, 0], [0, 0, 0], [1, 0, 0]]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (lambda model: model.word_vectors().words and vectors_of(model.input_vectors), "no output vectors"),
        (lambda model: model, "not in the cache"),
    ],
    ids=["no model", "no corpus"],
)
def test_why_there_is_no_correlation_with_pmi(train, tmp_path, source, reason):
    inspection = spacy_w2v.inspect_vectors(source(train()), cache_dir=tmp_path)
    assert inspection.pmi is None
    assert reason in inspection.pmi_left_out


def test_hierarchical_softmax_has_no_correlation_with_pmi(train, cache):
    inspection = spacy_w2v.inspect_vectors(train(loss="hierarchical-softmax"), cache_dir=cache)
    assert "nodes of the tree" in inspection.pmi_left_out


def test_a_damaged_corpus_is_left_out(train, texts, tmp_path):
    model = spacy_w2v.train(texts, tokenizer="whitespace", cache_dir=tmp_path, min_count=1, vector_size=4, epochs=1)
    (entry,) = [path for path in tmp_path.iterdir() if path.is_dir()]
    (entry / "tokens.arrow").write_bytes(b"damaged")
    assert "not in the cache" in spacy_w2v.inspect_vectors(model, cache_dir=tmp_path).pmi_left_out


def test_the_first_part_of_a_corpus_of_parts_is_counted(train, texts, tmp_path):
    folder, lines = tmp_path / "texts", texts.read_text().splitlines()
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.txt").write_text("\n".join(lines[2000 * number :]) + "\n")
    source = make_dataset_v1(data_files=str(folder / "*.txt"))
    tokens = TokensSettings(tokenizer="whitespace")
    with prepared_corpus(
        source,
        spacy.blank("en"),
        tokens,
        max_vocab_size=None,
        cache_dir=tmp_path / "cache",
        part_bytes=texts.stat().st_size,
    ) as corpus:
        n_tokens = sum(len(line.split()) for line in lines)
    model = train()
    record = model.record.model_copy(update={"corpus_fingerprint": corpus.fingerprint.to_json()})
    inspection = spacy_w2v.inspect_vectors(dataclasses.replace(model, record=record), cache_dir=tmp_path / "cache")
    assert len(corpus.parts) > 1
    assert inspection.pmi_left_out is None
    assert inspection.pmi.n_tokens == n_tokens


# --- models of known quality


MODELS = {
    "good": ({"epochs": 10, "alpha": 0.05}, []),
    "too few epochs": ({"epochs": 1, "alpha": 0.001}, ["undertrained"]),
    "rate too high": ({"epochs": 10, "alpha": 0.5, "min_alpha": 0.5}, ["rate-too-high"]),
}


@pytest.fixture(scope="module")
def trained(train, cache):
    """The inspections of three models, which differ in how they were trained."""
    return {
        name: spacy_w2v.inspect_vectors(train(**settings, vector_size=16), cache_dir=cache)
        for name, (settings, _) in MODELS.items()
    }


@pytest.mark.parametrize("name", MODELS)
def test_warnings_order_models_of_known_quality(name, trained):
    rules = [warning.rule for warning in trained[name].warnings]
    assert rules == MODELS[name][1], (trained[name].effective_rank, trained[name].mean_cosine, trained[name].pmi)


def test_a_rate_is_too_high_beside_a_better_one(trained):
    finding = compare(trained["good"], trained["rate too high"])
    assert finding.rule == "rate-too-high"
    assert compare(trained["rate too high"], trained["good"]) is None
    assert compare(trained["good"], trained["good"]) is None
    other = trained["rate too high"]
    another_corpus = other.model_copy(update={"pmi": other.pmi.model_copy(update={"corpus": "another"})})
    assert compare(trained["good"], another_corpus) is None


# --- the command


def test_bands_of_several_vectors_stand_together(tmp_path):
    for name, n in (("many", 300), ("few", 50)):
        rows = "".join(f"w{i} {' '.join(map(str, row))}\n" for i, row in enumerate(normal(n, 5)))
        (tmp_path / f"{name}.txt").write_text(f"{n} 5\n{rows}")
    lines = w2v_here("inspect", "many.txt", "few.txt", cwd=tmp_path).stdout.splitlines()
    bands = [number for number, line in enumerate(lines) if re.match(r"Words \d", line)]
    assert bands == list(range(bands[0], bands[0] + 4))  # 1 to 10, 11 to 50, 11 to 100, 101 to 300


@pytest.mark.parametrize("n", [1, 2])
def test_the_command_prints_tables_and_writes_json(n, train, cache, tmp_path):
    train(epochs=10, alpha=0.05).save(tmp_path / "good")
    train(epochs=1, alpha=0.001).save(tmp_path / "bad")
    names = ["good", "bad"][-n:]
    result = w2v_here("inspect", *names, "--output", "facts.json", "--cache-dir", cache, cwd=tmp_path)
    assert result.code == 0
    found = json.loads((tmp_path / "facts.json").read_text())
    inspections = [spacy_w2v.inspect_vectors(str(tmp_path / name), cache_dir=cache).to_dict() for name in names]
    for values, name in zip(inspections, names, strict=True):
        values["name"] = name
    assert (found if n == 2 else [found]) == inspections
    assert "Effective rank" in result.stdout
    assert ("one-hot vector" in result.stdout) == (n == 1)
    assert " ".join(result.stdout.split()).count("These vectors look undertrained") == 1
    assert ("bad:" in result.stdout) == (n == 2)
