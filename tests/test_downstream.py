"""The workflow `downstream`: its data, its table, its config, and pretraining that makes vectors depend on context."""

import json
import lzma
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.cli.convert import convert
from spacy.tokens import DocBin
from spacy.training.pretrain import pretrain
from spacy.util import load_config, load_model_from_config
from weasel.util import load_project_config

import spacy_w2v

ROOT = Path(__file__).parent.parent
CONFIG = ROOT / "configs" / "downstream" / "pipeline.cfg"

SMALL = {
    "components.tok2vec.model.encode.width": 16,
    "components.tok2vec.model.encode.depth": 2,
    "components.tok2vec.model.embed.rows": [50, 50, 50, 50],
}
"""Overrides that make the network small."""

TEXTS = ["the river left its bank near the old town", "the bank lent money to the town"] * 60

WNUT = "I\tO\nlove\tO\nParis\tB-location\n \t \nBob\tB-person\nSmith\tI-person\nsang\tO\n\nok\tO\n"
GUM = """# sent_id = 1
# text = It works.
1\tIt\tit\tPRON\tPRP\t_\t2\tnsubj\t_\t_
2\tworks\twork\tVERB\tVBZ\t_\t0\troot\t_\tSpaceAfter=No
3\t.\t.\tPUNCT\t.\t_\t2\tpunct\t_\t_

# sent_id = 2
# text = Go
1\tGo\tgo\tVERB\tVB\t_\t0\troot\t_\t_

"""
SST = "1 a fine film\n0 a film one 'd rather not see .\n"


@pytest.fixture(scope="module", autouse=True)
def _scripts():
    """Let the scripts of the project be imported as they import each other."""
    sys.path.insert(0, str(ROOT / "configs/downstream"))
    yield
    sys.path.remove(str(ROOT / "configs/downstream"))


def write_labelled(folder: Path) -> None:
    """Write data of a few sentences under the names of the assets, one of them compressed."""
    from labelled_data import FILES

    contents = {"wnut17": WNUT, "gum": GUM, "sst2": SST}
    for task, names in FILES.items():
        (folder / task).mkdir(parents=True)
        for name in names.values():
            (folder / task / name).write_text(contents[task], encoding="utf-8")
    plain = folder / "gum" / FILES["gum"]["dev"]
    plain.with_name(f"{plain.name}.xz").write_bytes(lzma.compress(plain.read_bytes()))
    plain.unlink()


def docs_of(path: Path):
    return list(DocBin().from_disk(path).get_docs(spacy.blank("en").vocab))


def run(*command, cwd, code=0):
    done = subprocess.run(
        [sys.executable, *map(str, command)], cwd=cwd, capture_output=True, text=True, timeout=120, encoding="utf-8"
    )
    assert done.returncode == code, done.stdout + done.stderr
    return re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)


def test_the_workflow_runs_what_there_is():
    said = run(
        "-m", "spacy", "project", "run", "downstream", ".", "--dry", "--force", "--vars.labelled", "tests", cwd=ROOT
    )
    commands = [line for line in said.splitlines() if line.startswith("Running command:")]
    steps = ("labelled_data.py tests ", "convert", "convert", "w2v train", "pretrain", "assemble", "contextual.py")
    assert "--corpora.pretrain.limit 15000" in commands[4]
    assert "--max-steps 0 --seeds 3" in commands[-1]
    for step, command in zip((*steps, "compare.py "), commands, strict=True):
        assert step in command
    for file in re.findall(r"configs/\S+\.\w+", said):
        assert (ROOT / file).is_file(), file


def test_the_workflow_whitening_compares_both_tables():
    said = run(
        "-m", "spacy", "project", "run", "whitening", ".", "--dry", "--force", "--vars.labelled", "tests", cwd=ROOT
    )
    *_, vectors, whiten, compare = (line for line in said.splitlines() if line.startswith("Running command:"))
    assert "--output output/downstream/vectors" in vectors
    assert "output/downstream/vectors output/downstream/whitened --format spacy --postprocess soft-whiten" in whiten
    assert "--vectors output/downstream/vectors --whitened output/downstream/whitened" in compare


def test_assets_are_the_files_that_are_read():
    from labelled_data import FILES

    project = load_project_config(ROOT)
    expected = {f"assets/{task}/{name}" for task, names in FILES.items() for name in names.values()}
    assert {asset["dest"] for asset in project["assets"]} == expected
    for asset in project["assets"]:
        assert re.fullmatch(r"https://raw\.githubusercontent\.com/[\w-]+/[\w-]+/[0-9a-f]{40}/\S+", asset["url"])
        assert asset["url"].endswith(Path(asset["dest"]).name)
        assert re.fullmatch("[0-9a-f]{32}", asset["checksum"])


def test_labelled_data_come_through(tmp_path):
    from labelled_data import prepare

    write_labelled(tmp_path / "labelled")
    prepare(tmp_path / "labelled", tmp_path / "out")
    corpus = tmp_path / "out" / "corpus"
    convert(tmp_path / "out" / "text" / "wnut17", corpus / "wnut17", file_type="spacy", converter="ner", n_sents=1)
    convert(tmp_path / "out" / "text" / "gum", corpus / "gum", file_type="spacy", converter="conllu", n_sents=10)

    for split in ("train", "dev", "test"):
        tweets = docs_of(corpus / "wnut17" / f"{split}.spacy")
        entities = [[(entity.text, entity.label_) for entity in doc.ents] for doc in tweets]
        assert entities == [[("Paris", "location")], [("Bob Smith", "person")], []]
        (treebank,) = docs_of(corpus / "gum" / f"{split}.spacy")
        assert [(token.text, token.tag_) for token in treebank][:2] == [("It", "PRP"), ("works", "VBZ")]
        assert len(list(treebank.sents)) == 2
        reviews = docs_of(corpus / "sst2" / f"{split}.spacy")
        assert [doc.cats for doc in reviews] == [{"negative": 0.0, "positive": 1.0}, {"negative": 1.0, "positive": 0.0}]
        assert [token.text for token in reviews[1]] == ["a", "film", "one", "'d", "rather", "not", "see", "."]


def test_what_is_missing_is_named(tmp_path):
    from labelled_data import prepare

    write_labelled(tmp_path / "labelled")
    (tmp_path / "labelled" / "sst2" / "stsa.binary.dev").unlink()
    with pytest.raises(SystemExit, match=r"sst2/stsa\.binary\.dev, which does not exist.*--vars\.labelled"):
        prepare(tmp_path / "labelled", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("line", ["2 stars", "0", "1 "])
def test_a_line_without_label_or_text_is_refused(line):
    from labelled_data import labelled_doc

    with pytest.raises(SystemExit, match="must be 0 or 1, a space and a sentence, was: "):
        labelled_doc(line, spacy.blank("en"))


def test_the_table_has_means_deviations_and_gains_of_pairs():
    from compare import table_of

    scores = {"without": (0.10, 0.12, 0.14), "vectors": (0.21, 0.23, 0.22), "pretrained": (0.3,)}
    measurements = [
        {"task": "wnut17", "variant": variant, "seed": seed, "score": score}
        for variant, of_seeds in scores.items()
        for seed, score in enumerate(of_seeds)
    ]
    header, _, without, vectors, pretrained = table_of(measurements).splitlines()
    assert header == "|  |  | seeds | score | gain | 95 % |"
    assert without == "| WNUT-17, entities, F | without vectors | 3 | 12.00 ± 2.00 |  |  |"
    # the gains of the seeds are 11, 11 and 8, and Student's t is 4.303 with two degrees of freedom
    assert vectors == "| WNUT-17, entities, F | with vectors | 3 | 22.00 ± 1.00 | +10.00 | +5.70 to +14.30 |"
    assert pretrained == "| WNUT-17, entities, F | with vectors, pretrained | 1 | 30.00 | +20.00 |  |"


def test_only_variants_with_files_are_compared(monkeypatch, capsys):
    from compare import parse_options

    monkeypatch.setattr(sys, "argv", ["compare.py", "corpus"])
    assert parse_options().variants == ["without", "bow", "bow-128"]
    monkeypatch.setattr(sys, "argv", ["compare.py", "corpus", "--whitened", "x"])
    assert parse_options().variants == ["without", "whitened", "mean-whitened", "bow", "bow-128"]
    monkeypatch.setattr(sys, "argv", ["compare.py", "corpus", "--vectors", "x", "--variants", "mean", "pretrained"])
    with pytest.raises(SystemExit):
        parse_options()
    assert "--variants pretrained must come with --tok2vec, which was left out" in capsys.readouterr().err


@pytest.fixture(scope="module")
def vectors(tmp_path_factory):
    """A pipeline directory with vectors of all words of TEXTS."""
    path = tmp_path_factory.mktemp("vectors") / "spacy"
    model = spacy_w2v.train(TEXTS, attr="ORTH", min_count=1, vector_size=12, epochs=5, sample=0, workers=1, seed=1)
    model.to_spacy(spacy.blank("en")).to_disk(path)
    return path


def overrides_with(vectors: Path, **paths: Path):
    texts = vectors.parent / "texts.txt"
    texts.write_text("\n".join(TEXTS), encoding="utf-8")
    return SMALL | {
        "nlp.pipeline": ["tok2vec"],
        "components.tok2vec.model.embed.include_static_vectors": True,
        "paths.vectors": str(vectors),
        "paths.texts": str(texts),
        **{f"paths.{name}": str(path) for name, path in paths.items()},
    }


def initialized(overrides):
    nlp = load_model_from_config(load_config(CONFIG, overrides=overrides), auto_fill=True)
    nlp.initialize()
    return nlp


def weights_of(model):
    return {
        (number, name): model_node.get_param(name)
        for number, model_node in enumerate(model.walk())
        for name in model_node.param_names
    }


@pytest.mark.filterwarnings("ignore:.*initialize.*:UserWarning")
def test_a_pretrained_layer_starts_the_pipeline_and_tells_contexts_apart(vectors, tmp_path):
    from contextual import table_of

    pretrain(load_config(CONFIG, overrides=overrides_with(vectors), interpolate=True), tmp_path)
    losses = [json.loads(line)["loss"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert np.isfinite(losses).all()

    untrained = initialized(overrides_with(vectors))
    nlp = initialized(overrides_with(vectors, init_tok2vec=tmp_path / "model-last.bin"))
    expected = untrained.get_pipe("tok2vec").model.copy()
    before = {key: np.array(weights) for key, weights in weights_of(expected).items()}
    expected.from_bytes((tmp_path / "model-last.bin").read_bytes())
    actual = weights_of(nlp.get_pipe("tok2vec").model)
    assert len(actual) > 5
    for key, weights in weights_of(expected).items():
        np.testing.assert_array_equal(actual[key], weights)
    assert any(not np.array_equal(before[key], actual[key]) for key in actual)

    river, money = (nlp(text) for text in TEXTS[:2])
    rows = [next(token for token in doc if token.text == "bank") for doc in (river, money)]
    assert rows[0].vector.tolist() == rows[1].vector.tolist()
    assert rows[0].has_vector
    first, second = (token.doc.tensor[token.i] for token in rows)
    assert first.shape == (16,)
    assert np.abs(first - second).max() > 0.01
    np.testing.assert_array_equal(first, nlp(TEXTS[0]).tensor[rows[0].i])

    (row,) = table_of(nlp, word="bank", sentences=TEXTS[:2]).splitlines()[2:]
    expected_cosine = first @ second / np.linalg.norm(first) / np.linalg.norm(second)
    assert row.split(" | ")[2:] == ["1.000", f"{expected_cosine:.3f} |"]
    with pytest.raises(SystemExit, match="must contain the token 'shore', but this one does not: the river left"):
        table_of(nlp, word="shore", sentences=TEXTS[:2])


def test_runs_of_the_comparison(vectors, tmp_path, monkeypatch, capsys):
    import compare
    import labelled_data

    def call(main, *arguments):
        monkeypatch.setattr(sys, "argv", ["script", *map(str, arguments)])
        main()
        return capsys.readouterr().out

    monkeypatch.chdir(tmp_path)
    write_labelled(tmp_path / "labelled")
    call(labelled_data.main, "labelled", "out")
    size_of_mean = {"components.textcat_mean.model.tok2vec.*.vectors.nO": 12}
    load_config(CONFIG, overrides=SMALL | size_of_mean, interpolate=False).to_disk("small.cfg")
    nlp = spacy.load(vectors)
    nlp.vocab.vectors.data = nlp.vocab.vectors.data * 2
    whitened = tmp_path / "whitened"
    nlp.to_disk(whitened)
    options = (
        "out/corpus",
        "--config",
        "small.cfg",
        "--vectors",
        vectors,
        "--whitened",
        whitened,
        "--tok2vec",
        "weights.bin",
        "--tasks",
        "sst2",
    )
    options += ("--variants", "vectors", "mean-whitened", "--seeds", 1, "--max-steps", 2, "--output", "results")
    said = run(ROOT / "configs/downstream/compare.py", *options, cwd=tmp_path)
    assert "task=sst2  variant=vectors  seed=0  score=" in said
    measured, _ = json.loads(Path("results.json").read_text(encoding="utf-8"))["measurements"]
    assert measured["score"] in (0.0, 0.5, 1.0)  # of two documents
    table = Path("results.md").read_text(encoding="utf-8")
    assert "| SST-2, sentiment, accuracy | with vectors | 1 |" in table
    assert "| SST-2, sentiment, accuracy | mean of vectors, soft whitening, linear | 1 |" in table
    names = ("sst2-mean-whitened-0", "sst2-vectors-0")
    assert sorted(os.listdir("runs")) == [f"{name}.{suffix}" for name in names for suffix in ("json", "log")]
    settings = json.loads(Path("runs/sst2-mean-whitened-0.json").read_text(encoding="utf-8"))["settings"]
    assert settings["paths.vectors"] == str(whitened)

    assert call(compare.main, *options) == table + "\n"  # it is found
    with pytest.raises(SystemExit, match=r"^Input files must exist, but these do not: weights\.bin\. Create"):
        call(compare.main, *options, "--variants", "pretrained")
