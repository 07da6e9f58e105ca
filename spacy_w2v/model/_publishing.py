"""What a record and a config say in public: names of files, without the folders of the machine of the run."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from spacy_w2v._system.paths import without_folders
from spacy_w2v.model._run_record import RunRecord, parse_record
from spacy_w2v.model._trained import TrainedModel

AnyModel = TypeVar("AnyModel", bound=TrainedModel)
AnyRecord = TypeVar("AnyRecord", bound=RunRecord)

Json = Any
"""JSON values: dicts, lists, strings, numbers, None."""

BLOCKS_WITH_PATHS = ("paths", "corpora", "initialize", "training", "w2v")
"""Blocks of a config whose values can be paths. Those of others, such as patterns of a tokenizer, may look like one."""

PRIVATE = {"address"}
"""Settings that are left out: the address of a cluster."""


def published_model(model: AnyModel) -> AnyModel:
    """Return a model with the same arrays, whose record and config name files without their folders."""
    return replace(model, config=published_config(model.config), record=published_record(model.record))


def published_record(record: AnyRecord) -> AnyRecord:
    """Return a record that names files without their folders."""
    return parse_record(type(record), published(record.to_json()), path="The record")


def published_config(text: str) -> str:
    """Return the text of a config that names files without their folders."""
    from confection import Config

    config = Config().from_str(text, interpolate=False)
    changed = {name: published(config[name]) for name in BLOCKS_WITH_PATHS if name in config}
    if all(config[name] == block for name, block in changed.items()):
        return text
    return str(Config({**config, **changed}).to_str())


def published(value: Json) -> Json:
    """Return JSON values in which texts name files without their folders."""
    if isinstance(value, dict):
        return {name: None if name in PRIVATE else published(each) for name, each in value.items()}
    if isinstance(value, list):
        return [published(each) for each in value]
    return without_folders(value) if isinstance(value, str) else value


def publish_pipeline(directory: Path) -> None:
    """Change the files of a saved pipeline, so that its record and config name files without their folders."""
    config, meta = directory / "config.cfg", directory / "meta.json"
    config.write_text(published_config(config.read_text(encoding="utf-8")), encoding="utf-8")
    values = published(json.loads(meta.read_text(encoding="utf-8")))
    meta.write_text(json.dumps(values, indent=2, ensure_ascii=False), encoding="utf-8")
