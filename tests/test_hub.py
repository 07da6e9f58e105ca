"""What is pushed to the Hub is loaded from it to the bit, whatever the connection does; errors say what to do."""

from pathlib import Path

import helpers_hub
import numpy as np
import pytest
import yaml
from helpers_cli import w2v_here
from helpers_hub import TOKEN
from helpers_model import make_model, with_record
from huggingface_hub import constants, file_download

import spacy_w2v
from spacy_w2v.errors import ConfigError, StorageError
from spacy_w2v.formats._opening import open_vectors
from spacy_w2v.hub._names import Repository, parse_repository
from spacy_w2v.reports._card import CardFacts, datasets_of, make_model_card

# huggingface_hub uploads bytes in the way of an older client
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>' to upload raw bytes:DeprecationWarning")

RESOLVE = "/{repo_id}/resolve/{revision}/{filename}"
"""The path of a file, as constants of huggingface_hub have it."""


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A stand-in for the Hub, which huggingface_hub uses in this process, and a cache of its own."""
    with helpers_hub.running() as server:
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        for module in (constants, file_download):  # older versions have it twice
            monkeypatch.setattr(module, "HUGGINGFACE_CO_URL_TEMPLATE", server.url + RESOLVE, raising=False)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True, raising=False)  # older versions have no Xet
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr("time.sleep", lambda seconds: None)  # before a request is sent again
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield server


@pytest.fixture
def model():
    return make_model(range(900, 0, -1), vector_size=20)


def files(hub, revision="main", name="models/user/repo"):
    return hub.repos[name].files(revision)


def check_same(actual, expected):
    for name, array in expected.parameters.items():
        np.testing.assert_array_equal(actual.parameters[name], array)
    assert (actual.meta, actual.words, actual.config) == (expected.meta, expected.words, expected.config)


# --- names


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("user/repo", Repository("user/repo")),
        ("hf:user/repo", Repository("user/repo")),
        ("hf://user/repo", Repository("user/repo")),
        ("hf:/user/repo", Repository("user/repo")),  # Path("hf://user/repo")
        ("hf:user/repo@v1.0", Repository("user/repo", "v1.0")),
        ("hf:A-b.c/x_y@feature/x", Repository("A-b.c/x_y", "feature/x")),
    ],
)
def test_names_of_repositories_are_read(text, expected):
    assert parse_repository(text) == expected


@pytest.mark.parametrize(
    "text", ["hf:", "hf:repo", "a/b/c", "user/", "user/re po", "user/..", "user/repo@", "-a/b", "ü/b"]
)
def test_other_names_are_refused(text):
    with pytest.raises(ConfigError, match=r"must have a name such as user/repo or user/repo@revision, .* was: "):
        parse_repository(text)


# --- push and load


def test_a_pushed_model_is_loaded_to_the_bit(hub, model):
    address = model.push_to_hub("user/repo", message="First vectors", license="mit")
    assert address.startswith(f"{hub.url}/user/repo/commit/")
    assert hub.repos["models/user/repo"].messages == ["initial commit", "First vectors"]
    assert sorted(files(hub)) == [
        ".gitattributes",
        "README.md",
        "config.cfg",
        "forms.arrow",
        "meta.json",
        "model.safetensors",
        "vocabulary.arrow",
    ]
    check_same(spacy_w2v.load("hf:user/repo"), model)
    actual = open_vectors("hf:user/repo@main")
    assert actual.name == "hf:user/repo@main"
    np.testing.assert_array_equal(actual.matrix, model.input_vectors)
    n_requests = len(hub.requests("^GET .*/resolve/"))
    assert n_requests == 5  # the second time, the files were in the cache
    assert spacy_w2v.evaluate("hf:user/repo", word_pairs=[]) is not None


@pytest.mark.parametrize("n_bytes", [0, 1, 5_000, 70_000])
def test_a_download_that_is_dropped_goes_on_where_it_stopped(hub, model, monkeypatch, n_bytes):
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 1_000)
    model.push_to_hub("user/repo")
    hub.drop("GET", "model.safetensors", n_bytes)
    hub.drop("GET", "model.safetensors", n_bytes // 2)
    hub.drop("GET", "vocabulary.arrow", 300)
    check_same(spacy_w2v.load("hf:user/repo"), model)
    assert not hub.drops
    ranges = hub.requests(r"^GET .*model.safetensors bytes=")
    assert [line.split("=")[1] for line in ranges] == [
        f"{start}-" for start in (n_bytes // 1000 * 1000, (n_bytes // 1000 + n_bytes // 2 // 1000) * 1000) if start
    ]


@pytest.mark.parametrize("n_bytes", [0, 10, 50_000])
def test_an_upload_that_is_dropped_is_sent_again(hub, model, n_bytes):
    hub.drop("PUT", "^/lfs/", n_bytes)
    hub.drop("PUT", "^/lfs/", n_bytes)
    hub.drop("POST", "/objects/batch", 5)
    model.push_to_hub("user/repo")
    assert not hub.drops
    check_same(spacy_w2v.load("hf:user/repo"), model)


def test_a_commit_whose_answer_is_lost_is_not_made_again(hub, model):
    hub.lose_answer("POST", "/commit/main")
    address = model.push_to_hub("user/repo", message="first")
    assert not hub.drops
    repo = hub.repos["models/user/repo"]
    assert repo.messages == ["initial commit", "first"]
    assert address == f"{hub.url}/user/repo/commit/{repo.branches['main']}"
    hub.drop("POST", "/commit/main", 0)  # nothing arrives, so it is sent again
    model.push_to_hub("user/repo", message="first", revision="main", license="mit")
    assert repo.messages == ["initial commit", "first", "first"]
    check_same(spacy_w2v.load("hf:user/repo"), model)


def test_if_uploads_fail_for_good_nothing_is_committed(hub, model):
    for _ in range(100):
        hub.drop("PUT", "^/lfs/", 10)
    with pytest.raises(StorageError, match=r"must be reachable for user/repo, but .* is not: .*Nothing was committed"):
        model.push_to_hub("user/repo")
    assert list(files(hub)) == [".gitattributes"]
    hub.drops.clear()
    model.push_to_hub("user/repo")
    check_same(spacy_w2v.load("hf:user/repo"), model)


def test_a_file_that_was_changed_on_the_way_is_noticed(hub, model):
    model.push_to_hub("user/repo")
    content = bytearray(files(hub)["model.safetensors"])
    content[-1] ^= 1
    files(hub)["model.safetensors"] = bytes(content)
    with pytest.raises(StorageError, match=r"model\.safetensors must have the checksum"):
        spacy_w2v.load("hf:user/repo")


def test_a_later_push_replaces_what_an_earlier_one_wrote(hub, model, tmp_path):
    model.to_spacy().to_disk(tmp_path / "spacy")
    model.push_to_hub("user/repo", pipeline=tmp_path / "spacy")
    assert {"spacy/meta.json", "spacy/config.cfg", "spacy/vocab/vectors"} <= set(files(hub))
    main = hub.repos["models/user/repo"]
    main.commit("main", files(hub) | {"notes.txt": b"mine", "README.md": b"my card"}, "notes")
    smaller = make_model([5, 4, 3], loss="hierarchical-softmax")
    smaller.push_to_hub("user/repo", card=False)
    assert not any(path.startswith("spacy/") for path in files(hub))
    assert (files(hub)["notes.txt"], files(hub)["README.md"]) == (b"mine", b"my card")
    check_same(spacy_w2v.load("hf:user/repo"), smaller)


def test_branches_are_made_and_read(hub, model):
    model.push_to_hub("user/repo")
    other = make_model([5, 4, 3])
    other.push_to_hub("user/repo", revision="small")
    check_same(spacy_w2v.load("hf:user/repo"), model)
    check_same(spacy_w2v.load("hf:user/repo@small"), other)
    commit = hub.repos["models/user/repo"].branches["small"]
    check_same(spacy_w2v.load(f"hf:user/repo@{commit}"), other)


def test_private_repositories_need_the_token(hub, model, monkeypatch):
    model.push_to_hub("user/repo", private=True)
    assert hub.repos["models/user/repo"].private
    check_same(spacy_w2v.load("hf:user/repo"), model)
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", constants.HF_HUB_CACHE + "2")
    with pytest.raises(StorageError, match=r"must exist .* and be yours to read, but user/repo is not\..*hf auth"):
        spacy_w2v.load("hf:user/repo")


def test_what_is_in_the_cache_is_read_offline(hub, model, monkeypatch):
    model.push_to_hub("user/repo")
    spacy_w2v.load("hf:user/repo")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    check_same(spacy_w2v.load("hf:user/repo"), model)
    with pytest.raises(StorageError, match=r"reachable for user/other, but HF_HUB_OFFLINE is set\. .* in the cache"):
        spacy_w2v.load("hf:user/other")


def test_training_starts_from_vectors_on_the_hub(hub, model):
    model.push_to_hub("user/repo")
    texts = ["w0 w1 w2 w3 new"] * 10
    started = spacy_w2v.train(texts, initial="hf:user/repo", min_count=1, epochs=1, sample=0, freeze=True)
    np.testing.assert_array_equal(started["w1"], model["w1"])


# --- errors


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("hf:user/nothing", r"must exist on the Hugging Face Hub and be yours to read, but user/nothing is not"),
        ("hf:user/repo@nope", r"The revision must be a branch, tag or commit of user/repo, was: nope\."),
        (
            "hf:user/other",
            r"must hold a model that spacy w2v push sent, or .*hf:user/other does",
        ),
    ],
)
def test_what_cannot_be_loaded_is_explained(hub, model, name, message):
    model.push_to_hub("user/repo")
    hub.repos["models/user/other"] = helpers_hub.Repo()
    for load in (spacy_w2v.load, open_vectors):
        with pytest.raises(StorageError, match=message):
            load(name)


def test_pushing_needs_a_token_that_may_write(hub, model, monkeypatch):
    model.push_to_hub("user/repo")
    with pytest.raises(StorageError, match=r"must be valid and allow writing, but the Hub refuses it .*\(40[13]\)"):
        model.push_to_hub("user/repo", token="hf_another")
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(ConfigError, match=r"needs a token, but there is none\. Log in with: hf auth login"):
        model.push_to_hub("user/repo")
    assert model.push_to_hub("user/repo", token=TOKEN)


def test_a_hub_that_is_away_is_named(hub, model, monkeypatch):
    hub.shutdown()
    hub.server_close()
    with pytest.raises(StorageError, match=rf"must be reachable for user/repo, but {hub.url} is not: .*HF_ENDPOINT"):
        spacy_w2v.load("hf:user/repo")
    with pytest.raises(StorageError, match=r"must be reachable .*Nothing was committed\. Check the network"):
        model.push_to_hub("user/repo")


# --- the card


def front_matter(card):
    _, values, text = card.split("---\n", 2)
    return yaml.safe_load(values), text


def test_the_card_says_what_is_known(hub, model, tmp_path):
    source = "wikimedia/wikipedia (20231101.en) *bold* <b>"
    model = with_record(model, corpus={"source": source})
    model.push_to_hub("user/my_repo", license="cc-by-sa-4.0")
    values, text = front_matter(files(hub, name="models/user/my_repo")["README.md"].decode())
    assert values == {
        "language": ["en"],
        "license": "cc-by-sa-4.0",
        "library_name": "spacy-w2v",
        "tags": ["word-vectors", "word2vec", "static-embeddings", "spacy", "gensim"],
    }
    assert "# my_repo\n" in text
    assert "900 word vectors of 20 dimensions, trained on 405,450 tokens" in text
    assert 'spacy_w2v.load("hf:user/my_repo")' in text
    assert "<b>" not in text
    assert "## Corpus" in text
    assert "## Training" in text


def test_the_card_has_no_absolute_paths(model):
    made = with_record(model, corpus={"source": str(Path("/home/someone/news.txt").absolute())})
    text = make_model_card(made.word_vectors(), CardFacts("user/repo"))
    assert "tokens of news.txt with" in text
    assert "someone" not in text


CONFIG = """
[w2v.corpus]
@readers = "spacy_w2v.Concatenate.v1"

[w2v.corpus.sources]

[w2v.corpus.sources.wiki]
@readers = "spacy_w2v.Dataset.v1"
path = "wikimedia/wikipedia"

[w2v.corpus.sources.files]
@readers = "spacy_w2v.Dataset.v1"
path = "text"
data_files = "mine/a.txt"

[w2v.corpus.sources.folder]
@readers = "spacy_w2v.Dataset.v1"
path = "./data/mine"
"""


def test_the_card_names_the_datasets_of_the_config(model, tmp_path, monkeypatch):
    import dataclasses

    made = dataclasses.replace(model, config=model.config + "[w2v]\n" + CONFIG)
    assert datasets_of(made) == ["wikimedia/wikipedia"]
    (tmp_path / "wikimedia/wikipedia").mkdir(parents=True)  # where datasets reads it rather than that of the Hub
    monkeypatch.chdir(tmp_path)
    assert datasets_of(made) == []
    assert datasets_of(model) == []


# --- the command


def test_the_command_shows_what_it_would_send(hub, model, tmp_path):
    model.save(tmp_path / "vectors/model")
    model.to_spacy().to_disk(tmp_path / "vectors/spacy")
    arguments = ["--license", "mit", "--tag", "english", "--dataset", "user/texts", "--output", "looked"]
    done = w2v_here("push", "vectors", "user/repo", *arguments, cwd=tmp_path)
    assert done.code == 0, done
    assert not hub.log
    card, text = front_matter((tmp_path / "looked/README.md").read_text(encoding="utf-8"))
    assert (card["tags"][-1], card["datasets"], card["license"]) == ("english", ["user/texts"], "mit")
    assert 'spacy.load(f"{directory}/spacy")' in text
    assert "model.safetensors" in done.said
    assert "Wrote what would be sent to looked" in done.said
    check_same(spacy_w2v.load(tmp_path / "looked"), model)
    done = w2v_here("push", "vectors", "user/repo", "--private", "-m", "Vectors", "-r", "next", cwd=tmp_path)
    assert done.code == 0, done
    assert f"to {hub.url}/user/repo" in done.said
    assert 'Load them with: spacy_w2v.load("hf:user/repo@next")' in done.said
    assert "The model card names no licence" in done.said
    repo = hub.repos["models/user/repo"]
    assert (repo.private, repo.messages[-1]) == (True, "Vectors")
    same = {
        path: content for path, content in files(hub, "next").items() if path not in (".gitattributes", "README.md")
    }
    local = {path: (tmp_path / "looked" / path).read_bytes() for path in same}
    assert same == local


def test_vectors_without_a_model_are_pushed(hub, tmp_path):
    (tmp_path / "glove.txt").write_text("the 0.5 0.25\nking 1.5 2.5\n")
    done = w2v_here("push", "glove.txt", "user/glove", cwd=tmp_path)
    assert done.code == 0, done
    assert 'spacy_w2v.open_vectors("hf:user/glove")' in done.said
    assert set(files(hub, name="models/user/glove")) == {
        ".gitattributes",
        "README.md",
        "model.safetensors",
        "vocab.json",
    }
    actual = open_vectors("hf:user/glove")
    assert actual.words == ["the", "king"]
    np.testing.assert_array_equal(actual["king"], [1.5, 2.5])
    with pytest.raises(StorageError, match="A model must be a directory"):
        spacy_w2v.load("hf:user/glove")
    shown = w2v_here("most-similar", "hf:user/glove", "the", "-n", "1", cwd=tmp_path)
    assert "king" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["vectors", "repo"], "must have a name such as user/repo"),
        (["nothing", "user/repo"], "nothing does not exist"),
        (["vectors", "user/repo", "--output", "vectors"], "Choose another one, or delete it first."),
        (["vectors", "user/repo", "--scores", "no.json"], "--scores must name a JSON file"),
    ],
)
def test_errors_of_the_command_have_no_traceback(hub, model, tmp_path, arguments, message):
    model.save(tmp_path / "vectors")
    done = w2v_here("push", *arguments, cwd=tmp_path)
    assert (done.code, done.stderr) == (1, "")
    assert message in done.said
    assert not hub.repos
