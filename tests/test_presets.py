"""Presets: the table, what they change and what they leave, in configs and in Python."""

import os
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import spacy
from confection import Config
from gensim.models import KeyedVectors
from helpers_cli import SIGKILL, w2v, w2v_here, write_texts

import spacy_w2v
from spacy_w2v.config import _presets
from spacy_w2v.config._keywords import settings_from_keywords
from spacy_w2v.config._loading import load_config
from spacy_w2v.config._losses import ARCHITECTURES, LOSSES
from spacy_w2v.config._new_configs import SETTINGS_OF_SIZE, new_settings
from spacy_w2v.config._presets import PRESETS, SIZES, check_optimize, size_of, with_preset
from spacy_w2v.config._schema import parse_settings
from spacy_w2v.corpus import _store as store
from spacy_w2v.errors import ConfigError
from spacy_w2v.sources._size_estimate import estimated_words
from spacy_w2v.training._resolved_config import resolve
from spacy_w2v.training._run import TrainingRun

KINDS = [
    (optimize, architecture, loss)
    for optimize, architecture, loss in product(get_args(_presets.Optimize), ARCHITECTURES, LOSSES)
    if architecture == "skip-gram" or not LOSSES[loss].counts_cooccurrences
]
ROWS = [pytest.param(kind, size, id="-".join((*kind, size))) for kind in KINDS for size in SIZES]
ROWS_OF_COUNTS = [row for row in ROWS if LOSSES[row.values[0][2]].counts_cooccurrences]

BLOCK_OF_ENTRY = {
    **dict.fromkeys(("epochs", "alpha", "sample", "shared_noise"), "training"),
    **dict.fromkeys(("window", "negative"), "model"),
    "distance_weights": "cooccurrence",
    **dict.fromkeys(("vector_kind", "postprocess", "whitening_strength"), "export"),
}


def values_of(settings):
    """The settings that presets choose."""
    return {name: getattr(getattr(settings, block), name) for name, block in BLOCK_OF_ENTRY.items()}


def values_in_the_table(kind, size):
    """The same settings as the table of presets has them for less than 200 dimensions."""
    values = PRESETS[kind][size]._asdict() | {"whitening_strength": 0.25}
    del values["postprocess_of_many"]
    return values


# The table


def test_the_table_has_every_kind_of_model_and_every_size():
    assert set(PRESETS) == set(KINDS)
    assert all(list(presets) == list(SIZES) == list(SETTINGS_OF_SIZE) for presets in PRESETS.values())


@pytest.mark.parametrize(("kind", "size"), ROWS)
def test_every_preset_gives_valid_settings_which_are_its_own(kind, size):
    optimize, architecture, loss = kind
    given = parse_settings({"model": {"architecture": architecture, "loss": loss}})
    actual = with_preset(given, optimize, size=size).settings
    assert values_of(actual) == values_in_the_table(kind, size)
    others = {
        block: getattr(actual, block).model_dump(exclude=set(BLOCK_OF_ENTRY)) for block in type(actual).model_fields
    }
    assert others == {
        block: getattr(given, block).model_dump(exclude=set(BLOCK_OF_ENTRY)) for block in type(given).model_fields
    }


@pytest.mark.parametrize(
    ("n_tokens", "size"),
    [(0, "tiny"), (999_999, "tiny"), (1_000_000, "small"), (17_000_000, "small"), (4_000_000_000, "large")],
)
def test_the_size_follows_from_the_number_of_tokens(n_tokens, size):
    assert size_of(n_tokens) == size


# What a preset leaves


def test_settings_that_are_given_stay_even_if_they_are_the_default():
    given = settings_from_keywords({"epochs": 5, "export": {"postprocess": None}, "shared_noise": None, "sample": 0.5})
    for size, optimize in product(SIZES, get_args(_presets.Optimize)):
        new = with_preset(given, optimize, size=size)
        actual = values_of(new.settings)
        assert {"epochs": 5, "postprocess": None, "shared_noise": None, "sample": 0.5}.items() <= actual.items()
        assert not {"epochs", "postprocess", "shared_noise", "sample"} & set(new.chosen)


@pytest.mark.parametrize("optimize", get_args(_presets.Optimize))
@pytest.mark.parametrize(
    ("block", "name", "value"),
    [
        ({"training": {"kernel": "sequential"}}, "shared_noise", None),  # its noise is not shared
        ({"model": {"architecture": "cbow", "cbow_mean": False}}, "alpha", None),  # the rates are those of the mean
        ({"initial": {"vectors": "x", "freeze": True}}, "postprocess", None),  # frozen vectors stay
    ],
)
def test_what_does_not_fit_other_settings_is_left_out(optimize, block, name, value):
    for size in SIZES:
        assert values_of(with_preset(parse_settings(block), optimize, size=size).settings)[name] == value


@pytest.mark.parametrize(("kind", "size"), ROWS)
def test_many_dimensions_are_centred_where_training_is_long(kind, size):
    optimize, architecture, loss = kind
    few = PRESETS[kind][size].postprocess
    many = "center" if few == "soft-whiten" and optimize == "accuracy" and size != "tiny" else few
    for vector_size, postprocess in [(100, few), (199, few), (200, many), (300, many)]:
        given = parse_settings({"model": {"architecture": architecture, "loss": loss, "vector_size": vector_size}})
        tuned = with_preset(given, optimize, size=size)
        assert values_of(tuned.settings) == values_in_the_table(kind, size) | {"postprocess": postprocess}
        assert (f"postprocess = {postprocess}" in tuned.describe()) == (postprocess is not None)


@pytest.mark.parametrize(
    ("export", "postprocess"),
    [
        ({}, "center"),
        ({"postprocess": None}, None),
        ({"postprocess": "soft-whiten"}, "soft-whiten"),
        ({"whitening_strength": 0.4}, "soft-whiten"),  # a strength is given for whitening
    ],
)
def test_post_processing_that_is_given_stays(export, postprocess):
    given = settings_from_keywords({"vector_size": 300, "export": export})
    actual = with_preset(given, "accuracy", size="small").settings.export
    assert actual.postprocess == postprocess
    assert actual.whitening_strength == export.get("whitening_strength", 0.25)


ABOVE = (
    r'^min_alpha must not be above the alpha that optimize = "{}" chooses for a {} corpus \({}\), was: {}\. Lower it'
)


@pytest.mark.parametrize(
    ("optimize", "architecture", "min_alpha", "size", "alpha"),
    [("accuracy", "skip-gram", 0.051, "small", 0.05), ("efficiency", "cbow", 0.31, "tiny", 0.3)],
)
def test_a_rate_above_that_of_every_size_is_refused(optimize, architecture, min_alpha, size, alpha):
    given = {"architecture": architecture, "min_alpha": min_alpha}
    with pytest.raises(ConfigError, match=ABOVE.format(optimize, size, alpha, min_alpha)):
        check_optimize(optimize, settings_from_keywords(given, alpha_follows=True))
    check_optimize(optimize, settings_from_keywords({**given, "min_alpha": alpha}, alpha_follows=True))


def test_the_rate_of_the_preset_decides_whether_the_last_rate_is_too_high():
    given = settings_from_keywords({"min_alpha": 0.03}, alpha_follows=True)
    assert with_preset(given, "accuracy", size="small").settings.training.min_alpha == 0.03
    with pytest.raises(ConfigError, match=ABOVE.format("accuracy", "tiny", 0.025, 0.03)):
        with_preset(given, "accuracy", size="tiny")


def test_a_rate_that_no_preset_chooses_is_compared_with_its_default():
    for keywords, alpha in [({"alpha": 0.02}, 0.02), ({"architecture": "cbow", "cbow_mean": False}, 0.025)]:
        with pytest.raises(ConfigError, match=rf"^min_alpha must not be above alpha \({alpha}\), was: 0\.03"):
            check_optimize("accuracy", settings_from_keywords({**keywords, "min_alpha": 0.03}, alpha_follows=True))
    with pytest.raises(ConfigError, match=r"^min_alpha must not be above alpha \(0\.025\), was: 0\.03"):
        settings_from_keywords({"min_alpha": 0.03})


def test_an_unknown_preset_is_refused():
    with pytest.raises(ConfigError, match=r"^optimize must be one of accuracy, efficiency, was: 'speed'$"):
        new_settings("tiny", "speed")


# In Python

TEXTS = [
    f"the {animal} and the {colour} {thing} went to house {i % 7}"
    for i, (animal, colour, thing) in enumerate(
        list(product(["cat", "dog", "cow"], ["red", "blue", "green"], ["ball", "hat", "car"])) * 12
    )
]
SETTINGS = {"vector_size": 8, "min_count": 1, "workers": 1}


@pytest.fixture
def small_sizes(monkeypatch):
    """Sizes and chunks for corpora of a few thousand tokens: TEXTS are a small corpus."""
    monkeypatch.setattr(store, "CHUNK_TOKENS", 500)
    monkeypatch.setattr(_presets, "SIZES", {"tiny": 1_000, "small": 5_000, "large": None})


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
@pytest.mark.usefixtures("small_sizes")
def test_a_preset_gives_the_same_bits_as_its_settings(kind):
    optimize, architecture, loss = kind
    model = {"architecture": architecture, "loss": loss}
    by_preset = spacy_w2v.train(TEXTS, optimize=optimize, **model, **SETTINGS)
    by_hand = spacy_w2v.train(TEXTS, **model, **SETTINGS, **values_in_the_table(kind, "small"))
    assert 1_000 <= by_preset.meta["corpus"]["n_tokens"] < 5_000
    np.testing.assert_array_equal(by_preset.input_vectors, by_hand.input_vectors)
    np.testing.assert_array_equal(by_preset["cat"], by_hand["cat"])
    assert by_preset.config == by_hand.config
    for block in ("model", "training"):
        assert by_preset.meta[block] == by_hand.meta[block]


@pytest.mark.usefixtures("small_sizes")
def test_the_number_of_tokens_chooses_the_preset_of_texts_that_can_be_read_once(capsys):
    kind = ("accuracy", "skip-gram", "negative-sampling")
    for n_texts, size in [(60, "tiny"), (324, "small"), (1200, "large")]:
        texts = (TEXTS[i % len(TEXTS)] for i in range(n_texts))
        model = spacy_w2v.train(texts, optimize="accuracy", epochs=1, progress=True, **SETTINGS)
        assert size_of(model.meta["corpus"]["n_tokens"]) == size
        expected = values_in_the_table(kind, size) | {"epochs": 1}
        actual = Config().from_str(model.config)["w2v"]
        assert {name: actual[block][name] for name, block in BLOCK_OF_ENTRY.items()} == expected
        assert model.meta["training"]["alpha"] == expected["alpha"]
        shown = capsys.readouterr().err
        assert f"Optimized for accuracy on {model.meta['corpus']['n_tokens']:,} tokens: alpha = 0" in shown


@pytest.mark.usefixtures("small_sizes")
def test_the_last_rate_may_be_above_the_default_of_the_first():
    by_preset = spacy_w2v.train(TEXTS, optimize="accuracy", min_alpha=0.03, **SETTINGS)
    table = values_in_the_table(("accuracy", "skip-gram", "negative-sampling"), "small")
    by_hand = spacy_w2v.train(TEXTS, min_alpha=0.03, **SETTINGS, **table)
    np.testing.assert_array_equal(by_preset.input_vectors, by_hand.input_vectors)
    assert by_preset.meta["training"]["min_alpha"] == by_preset.meta["results"][-1]["alpha"] == 0.03
    with pytest.raises(ConfigError, match=ABOVE.format("accuracy", "tiny", 0.025, 0.03)):
        spacy_w2v.train(TEXTS[:60], optimize="accuracy", min_alpha=0.03, **SETTINGS)


KILLED = """
import os
import spacy_w2v
from spacy_w2v.config import _presets
from spacy_w2v.corpus import _store as store
from spacy_w2v.training.callbacks._model_checkpoint import ModelCheckpoint
from test_presets import TEXTS, SETTINGS

store.CHUNK_TOKENS = 500
_presets.SIZES = {"tiny": 1_000, "small": 5_000, "large": None}
write, n_written = ModelCheckpoint.on_pause_end, []

def on_pause_end(checkpoint, seconds):
    write(checkpoint, seconds)
    n_written.append(seconds)
    if len(n_written) == 9:
        os.kill(os.getpid(), %d)

ModelCheckpoint.on_pause_end = on_pause_end
spacy_w2v.train(TEXTS, optimize="accuracy", checkpoint="run", checkpoint_every_s=0, **SETTINGS)
"""


@pytest.mark.usefixtures("small_sizes")
def test_a_killed_run_resumes_with_the_same_preset(tmp_path):
    code = KILLED % SIGKILL
    killed = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment_with(Path(__file__).parent), check=False
    )
    assert killed.returncode == -SIGKILL
    path = tmp_path / "run"
    assert spacy_w2v.load(path).meta["unfinished"]["epoch"] == 2
    with pytest.raises(ConfigError, match=r"w2v\.training\.sample was 0\.\d+, is now: 0\.5"):
        spacy_w2v.train(TEXTS, optimize="accuracy", checkpoint=path, resume=True, sample=0.5, **SETTINGS)
    with pytest.raises(ConfigError, match=r"w2v\.training\.epochs was \d+, is now: 5"):
        spacy_w2v.train(TEXTS, checkpoint=path, resume=True, **SETTINGS)
    actual = spacy_w2v.train(TEXTS, optimize="accuracy", checkpoint=path, resume=True, **SETTINGS)
    expected = spacy_w2v.train(TEXTS, optimize="accuracy", **SETTINGS)
    np.testing.assert_array_equal(actual.input_vectors, expected.input_vectors)
    np.testing.assert_array_equal(actual["cat"], expected["cat"])
    assert not path.exists()


def environment_with(folder):
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))}


def unread():
    raise AssertionError("read")
    yield ""


def gensim_vectors(value):
    vectors = KeyedVectors(8)
    vectors.add_vectors(["cat"], np.full((1, 8), value, np.float32))
    return vectors


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"initial": gensim_vectors(1), "vector_size": 7}, "vector_size must be that of the vectors to start from, 8"),
        ({"initial": gensim_vectors(np.nan)}, "must be finite numbers, but that of 'cat'"),
        ({"freeze": True}, "freeze needs vectors to start from, but there are none"),
    ],
)
def test_wrong_initial_vectors_are_refused_before_texts_are_encoded(monkeypatch, options, message):
    def encoded(run, callback):
        raise AssertionError("encoded")

    monkeypatch.setattr(TrainingRun, "encoded", encoded)
    with pytest.raises(AssertionError, match=r"^encoded$"):
        spacy_w2v.train(TEXTS, optimize="accuracy")
    with pytest.raises(ConfigError, match=message):
        spacy_w2v.train(TEXTS, optimize="accuracy", **options)


def test_wrong_values_are_refused_before_texts_are_read(tmp_path):
    with pytest.raises(ConfigError, match="optimize must be one of accuracy, efficiency, was: 'speed'"):
        spacy_w2v.train(unread(), optimize="speed")
    with pytest.raises(ConfigError, match=ABOVE.format("accuracy", "small", 0.05, 0.9)):
        spacy_w2v.train(unread(), optimize="accuracy", min_alpha=0.9)
    with pytest.raises(ConfigError, match=r"min_alpha must not be above alpha \(0\.025\), was: 0\.03"):
        spacy_w2v.train(unread(), min_alpha=0.03)
    with pytest.raises(spacy_w2v.errors.StorageError, match="there is no"):
        spacy_w2v.train(
            TEXTS, optimize="accuracy", checkpoint=tmp_path / "run", resume=True, cache_dir=tmp_path / "cache"
        )
    assert not (tmp_path / "cache").exists()


# Configs


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--architecture", "glove"], "w2v.model.architecture must be one of 'skip-gram' or 'cbow', was: 'glove'"),
        (["--vector-size", "0"], "w2v.model.vector_size must be at least 1, was: 0"),
    ],
)
def test_new_configs_refuse_unknown_models(tmp_path, options, message):
    refused = w2v_here("init-config", "config.cfg", *options, cwd=tmp_path)
    assert (refused.code, list(tmp_path.iterdir())) == (1, [])
    assert message in refused.said


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_new_configs_have_the_numbers_of_the_preset(kind, tmp_path):
    optimize, architecture, loss = kind
    options = ["--optimize", optimize, "--architecture", architecture, "--loss", loss, "--size", "small"]
    shown = w2v_here("init-config", "config.cfg", "--vector-size", 50, *options, cwd=tmp_path)
    assert f"Optimized for {optimize} on a small corpus: " in shown.said
    settings = resolve(Config().from_disk(tmp_path / "config.cfg")).settings
    assert values_of(settings) == values_in_the_table(kind, "small")
    assert (settings.model.architecture, settings.model.loss, settings.model.vector_size) == (architecture, loss, 50)
    assert (tmp_path / "config.cfg").read_text().startswith(f"# Optimized for {optimize} on a small corpus: ")


def test_without_a_preset_configs_have_the_defaults_of_their_size(tmp_path):
    options = ["--architecture", "cbow", "--loss", "softmax", "--vector-size", "7"]
    config = Config().from_str(w2v_here("init-config", "-", *options, cwd=tmp_path).stdout)
    expected = parse_settings({"model": {"architecture": "cbow", "loss": "softmax", "vector_size": 7}})
    values = expected.model_dump(exclude={"distributed": True, "phrases": True, "model": {"subwords"}})
    assert {name: config["w2v"][name] for name in values} == values


def test_the_size_decides_the_words_and_dimensions_with_a_preset_too():
    for size, of_size in SETTINGS_OF_SIZE.items():
        settings = new_settings(size, "accuracy").settings
        assert settings.vocabulary.min_count == of_size.min_count
        assert settings.model.vector_size == of_size.vector_size


@pytest.mark.parametrize("optimize", get_args(_presets.Optimize))
def test_an_estimated_size_decides_the_preset_only(optimize):
    for size in SIZES:
        settings = new_settings(optimize=optimize, estimated=size).settings
        assert values_of(settings) == values_in_the_table((optimize, "skip-gram", "negative-sampling"), size)
        assert (settings.vocabulary.min_count, settings.model.vector_size) == (5, 100)
        assert new_settings("tiny", optimize, estimated=size) == new_settings("tiny", optimize)


@pytest.mark.parametrize(
    ("options", "epochs", "min_count", "vector_size"),
    [([], 20, 5, 100), (["--size", "tiny"], 20, 3, 100), (["--size", "large"], 5, 10, 300)],
)
def test_only_a_given_size_decides_the_words_and_dimensions_of_a_new_config(
    tmp_path, options, epochs, min_count, vector_size
):
    (tmp_path / "a.txt").write_bytes(b"a" * 6_000)
    w2v_here("init-config", "config.cfg", "-o", "accuracy", "-d", "a.txt", *options, cwd=tmp_path)
    w2v = Config().from_disk(tmp_path / "config.cfg")["w2v"]
    assert (w2v["training"]["epochs"], w2v["vocabulary"]["min_count"]) == (epochs, min_count)
    assert w2v["model"]["vector_size"] == vector_size


def test_training_works_with_a_config_that_has_a_preset(tmp_path):
    write_texts(tmp_path / "texts.txt", seed=31)
    w2v("init-config", "config.cfg", "-o", "accuracy", "-d", "texts.txt", "--vector-size", "8", cwd=tmp_path)
    assert w2v("train", "config.cfg", "-o", "out", "--w2v.training.workers", 1, cwd=tmp_path).code == 0
    model, nlp = spacy_w2v.load(tmp_path / "out"), spacy.load(tmp_path / "out" / "spacy")
    np.testing.assert_allclose(nlp.vocab["king"].vector, model["king"], atol=1e-6)


BY_THE_FILES = "by the size of the files, if they are like English"


@pytest.mark.parametrize(
    ("name", "n_bytes", "size", "because"),
    [
        ("a.txt", 7_404, "tiny", f" (about 1,200 words {BY_THE_FILES})"),
        ("a.txt", 5_976_000, "small", f" (about 1,000,000 words {BY_THE_FILES})"),
        ("a.jsonl", 14_000_000, "small", f" (about 2,300,000 words {BY_THE_FILES})"),
        ("a.txt.gz", 12_000_000, "small", " (the default of --size)"),
        ("missing.txt", None, "small", " (the default of --size)"),
        ("wikimedia/wikipedia", None, "small", " (the default of --size)"),
        ("gensim-wiki", None, "tiny", " (559,468 tokens)"),
    ],
)
def test_the_size_is_estimated_by_the_sizes_of_files(tmp_path, name, n_bytes, size, because):
    if n_bytes is not None:
        (tmp_path / name).write_bytes(b"a" * n_bytes)
    shown = w2v_here("init-config", "config.cfg", "-o", "accuracy", "-d", name, cwd=tmp_path)
    assert f"Optimized for accuracy on a {size} corpus{because}: " in shown.said


def test_the_size_is_not_estimated_without_a_preset(tmp_path):
    (tmp_path / "a.txt").write_text("a tiny text")
    config = Config().from_str(w2v_here("init-config", "-", "-d", "a.txt", cwd=tmp_path).stdout)
    assert config["w2v"]["vocabulary"]["min_count"] == 5


def test_files_of_a_pattern_are_added_up_unless_one_has_no_words_to_count(tmp_path):
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_bytes(b"a" * 600)
    assert estimated_words(str(tmp_path / "*.txt")) == 200
    (tmp_path / "c.txt.xz").write_bytes(b"a" * 600)
    assert estimated_words(str(tmp_path / "*.txt*")) is None
    assert estimated_words(str(tmp_path)) is None
    (tmp_path / "empty.txt").touch()
    assert estimated_words(str(tmp_path / "empty.txt")) == 0


SIZES_IN_WORDS = {"tiny": "less than a million", "small": "1 to 300 million", "large": "more"}
CONFIGS = Path(__file__).parents[1] / "configs"


def test_the_quickstart_has_the_preset_for_its_size():
    assert resolve(load_config(CONFIGS / "quickstart.cfg")).settings == new_settings("tiny", "accuracy").settings


def test_configs_that_say_so_have_the_preset_for_their_size():
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(CONFIGS.rglob("*.cfg"))}
    named = {path.name: text for path, text in texts.items() if "--optimize" in text}
    assert set(named) == {"quickstart.cfg", "local-files.cfg", "chinese.cfg", "dimensions-300.cfg"}
    del named["quickstart.cfg"]
    for name, text in named.items():
        assert f"--optimize accuracy for {SIZES_IN_WORDS['small']} tokens" in text
        settings = resolve(load_config(CONFIGS / name)).settings
        given = parse_settings({"model": {"vector_size": settings.model.vector_size}})
        assert values_of(settings) == values_of(with_preset(given, "accuracy", size="small").settings)


# The guide


def table_of_the_guide():
    """The rows of docs/guides/tuning.md, from the table of presets. Softmax has the values of negative sampling."""
    rows = []
    for loss, named in [("negative-sampling", "negative sampling or softmax"), ("hierarchical-softmax",) * 2]:
        for architecture in ARCHITECTURES:
            for size, tokens in SIZES_IN_WORDS.items():
                values = [PRESETS[optimize, architecture, loss][size] for optimize in get_args(_presets.Optimize)]
                numbers = [f"{preset.epochs}, {preset.alpha:g}" for preset in values]
                label = f"{'CBOW' if architecture == 'cbow' else architecture}, {named.replace('-', ' ')}"
                rows.append(f"| {' | '.join([label, tokens, *numbers])} |")
    return "\n".join(rows)


def test_the_guide_shows_the_table():
    guide = (Path(__file__).parents[1] / "docs/guides/tuning.md").read_text(encoding="utf-8")
    assert table_of_the_guide() in guide


@pytest.mark.parametrize(("kind", "size"), [row for row in ROWS if row not in ROWS_OF_COUNTS])
def test_what_the_guide_says_of_all_presets_is_true(kind, size):
    optimize, architecture, loss = kind
    of_words = loss != "hierarchical-softmax"
    shares = loss == "negative-sampling" and optimize == "efficiency"
    expected = _presets.Preset(
        *PRESETS[kind][size][:2],
        sample=1e-4,
        shared_noise=16 if shares else None,
        vector_kind="mean" if of_words and architecture == "cbow" else "input",
        postprocess="soft-whiten" if of_words and architecture == "skip-gram" else None,
    )
    if expected.postprocess is not None:
        centres = optimize == "accuracy" and size != "tiny"
        expected = expected._replace(postprocess_of_many="center" if centres else expected.postprocess)
    assert PRESETS[kind][size] == expected
    if loss == "softmax":
        assert PRESETS[kind][size][:3] == PRESETS[optimize, architecture, "negative-sampling"][size][:3]


@pytest.mark.parametrize(("kind", "size"), ROWS_OF_COUNTS)
def test_what_the_guide_says_of_losses_that_learn_from_counts_is_true(kind, size):
    optimize, _, loss = kind
    given = {"model": {"loss": loss}}
    settings = with_preset(parse_settings(given), optimize, size=size).settings
    if loss == "glove":
        given["model"]["window"] = 15 if optimize == "accuracy" else 10
        given |= {"training": {"alpha": 0.1, "epochs": 15}}
        given |= {"cooccurrence": {"distance_weights": "linear"}}
    assert values_of(settings.completed()) == values_of(parse_settings(given).completed())
