"""The packages of the extras `plots` and `maps`, imported when a picture is made."""

from importlib import import_module
from types import ModuleType

from spacy_w2v.errors import ConfigError


def import_altair() -> ModuleType:
    """Return altair, which describes charts. Raises ConfigError if it is not installed."""
    return _imported("altair", needed_for="Charts", package="altair", extra="plots")


def import_vl_convert() -> ModuleType:
    """Return vl_convert, which renders charts. Raises ConfigError if it is not installed."""
    return _imported("vl_convert", needed_for="Files of charts", package="vl-convert-python", extra="plots")


def import_opentsne() -> ModuleType:
    """Return openTSNE. Raises ConfigError if it is not installed."""
    return _imported("openTSNE", needed_for='Maps by method = "tsne"', package="openTSNE", extra="maps")


def vegalite_version() -> str:
    """Return the version of Vega-Lite that altair writes, such as "6.4", or else the newest that vl-convert has."""
    known: list[str] = import_vl_convert().get_vegalite_versions()
    written = ".".join(import_altair().SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    return written if written in known else known[-1]


def _imported(module: str, *, needed_for: str, package: str, extra: str) -> ModuleType:
    try:
        return import_module(module)
    except ImportError as error:
        raise ConfigError(
            f"{needed_for} need the package {package}, but importing it failed: {error}. Install the extra: "
            f"pip install 'spacy-w2v[{extra}]'"
        ) from error
