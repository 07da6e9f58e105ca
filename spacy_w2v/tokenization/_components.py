"""The components of a pipeline that key functions need: which ones run, and what none of them provides."""

import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from spacy_w2v.errors import ConfigError
from spacy_w2v.errors._wording import worded
from spacy_w2v.keys._protocol import KeyFunction, optional_of, required_by
from spacy_w2v.keys._requirements import ATTRIBUTES, NOUN_CHUNKS, expanded
from spacy_w2v.tokenization._code import package_of

if TYPE_CHECKING:
    from spacy.language import Language

PROVIDERS = {
    "token.pos": '"morphologizer", or "tagger" with "attribute_ruler"',
    "token.tag": '"tagger"',
    "token.lemma": '"lemmatizer" or "trainable_lemmatizer"',
    "token.morph": '"morphologizer"',
    "token.dep": '"parser"',
    "token.head": '"parser"',
    "token.is_sent_start": '"sentencizer", "senter" or "parser"',
    "doc.ents": '"ner" or "entity_ruler"',
}
"""Components that provide some annotation."""

OF_SPACY = ("spacy", "spacy_w2v")
"""The packages whose components assign nothing that keys need unless they say so."""

SAMPLE = "a b."
"""A text for finding out what a tokenizer annotates: those of Japanese and Korean set lemmas and tags."""

OF_FEW_WORDS = frozenset({"token.lemma", "token.tag"})
"""What the rules of an attribute ruler set, but rarely for every word."""


def needed_components(nlp: "Language", function: KeyFunction) -> list[str]:
    """Return the names of the components that run for a key function, in the order of the pipeline.

    These are the components that assign what the function requires, those that they need in turn, and those of which
    that is not known. All enabled components run for a function that does not say what it requires.

    Args:
        nlp: The pipeline.
        function: The key function.
    """
    requires = required_by(function)
    if requires is None:
        return list(nlp.pipe_names)
    return _running(nlp, requires)[0]


def _running(nlp: "Language", requires: Iterable[str]) -> tuple[list[str], set[str]]:
    """Return the names of the components that run, in order, and all annotation that they and a function need."""
    needed = expanded(name for name in requires if not _language_lacks(nlp, name))
    running: list[str] = []
    everything = False  # whether a component that runs may use whatever the ones before it assign
    for name, pipe in reversed(nlp.pipeline):
        component = _Component(nlp, name, pipe)
        if everything or component.is_unknown or needed & component.assigns or component.is_listened_to_by(running):
            running.append(name)
            needed |= component.requires
            everything = everything or (component.is_unknown and not component.requires)
    return running[::-1], needed


def check_annotation(nlp: "Language", function: KeyFunction, name: str) -> None:
    """Check that a pipeline provides the annotation that a key function requires.

    A component of the user's own that does not say what it assigns may provide anything, so nothing is refused then.
    Warns if the language has no noun chunks, and the function does without.

    Args:
        nlp: The pipeline.
        function: The key function.
        name: Its registered name, for errors.

    Raises:
        ConfigError: No component provides some annotation.
    """
    requires = [*(required_by(function) or ())]
    optional = optional_of(function)
    for annotation in requires:
        if _language_lacks(nlp, annotation):
            _report_language(nlp, name, is_optional=annotation in optional)
            requires = [other for other in requires if other != annotation]
    components = [_Component(nlp, each, pipe) for each, pipe in nlp.pipeline]
    if any(component.is_unknown and not component.retokenizes for component in components):
        return
    _check_disabled(nlp, components, _running(nlp, requires)[1], name=name)
    found = set().union(*(component.assigns for component in components))
    lacking = [each for each in requires if not expanded([each]) <= found]
    if not lacking:
        return
    by_tokenizer = _annotated_by_tokenizer(nlp)
    for each in lacking:
        if missing := sorted(expanded([each]) - found - by_tokenizer):
            raise ConfigError(_missing_text(nlp, each, missing[0], name=name))


def _check_disabled(nlp: "Language", components: "list[_Component]", needed: set[str], *, name: str) -> None:
    """Raise ConfigError if a component is disabled whose annotation nothing else sets.

    The rules of an attribute ruler give lemmas and tags to a few words only, so they replace no lemmatizer or tagger.

    Args:
        nlp: The pipeline.
        components: Those that are enabled.
        needed: The annotation that is needed, also by components.
        name: The name of the key function, for errors.
    """
    found = _annotated_by_tokenizer(nlp) if nlp.disabled else set()
    for component in components:
        found |= component.assigns - (OF_FEW_WORDS if component.is_ruler else set())
    for other in nlp.disabled:
        if missing := sorted(needed & _Component(nlp, other, nlp.get_pipe(other)).assigns - found):
            raise ConfigError(
                f"A pipeline must provide the annotation that keys need, but the component that sets {missing[0]} for "
                f'{name} is disabled. Enable the component that provides it: nlp.enable_pipe("{other}").'
            )


def annotation_set_by(nlp: "Language") -> set[str] | None:
    """Return the annotation that the components of a pipeline set; None if one of them does not say what it sets."""
    components = [_Component(nlp, name, pipe) for name, pipe in nlp.pipeline]
    if any(component.is_unknown and not component.retokenizes for component in components):
        return None
    return set().union(*(component.assigns for component in components))


class _Component:
    """What a component assigns and requires."""

    def __init__(self, nlp: "Language", name: str, pipe: Any):  # Any: components are of any type
        """Ask a component, and what its factory says.

        Args:
            nlp: The pipeline.
            name: Its name.
            pipe: The component.
        """
        from spacy.pipeline import AttributeRuler, Lemmatizer

        meta = nlp.get_pipe_meta(name)
        self.pipe = pipe
        self.is_ruler = isinstance(pipe, AttributeRuler)
        self.assigns = expanded(meta.assigns)
        self.requires = expanded(meta.requires) | _features_of(pipe)
        self.retokenizes = bool(meta.retokenizes or getattr(pipe, "merge", False) is True)
        if self.is_ruler:
            self.assigns |= {_named(attr) for pattern in pipe.patterns for attr in pattern["attrs"]}
            self.requires |= _attributes_of_patterns(pipe.patterns)
        elif isinstance(pipe, Lemmatizer) and pipe.mode != "lookup":
            self.requires |= {"token.pos", "token.morph"}
        elif getattr(pipe, "annotate_ents", False):  # of a span ruler
            self.assigns |= {"doc.ents"}
        is_ours = package_of(pipe) in OF_SPACY
        self.is_unknown = self.retokenizes or not (self.assigns or is_ours)

    def is_listened_to_by(self, names: list[str]) -> bool:
        """Return whether other components use this one's vectors, as they do of a shared tok2vec or transformer."""
        return not set(names).isdisjoint(getattr(self.pipe, "listening_components", ()))


def _features_of(pipe: Any) -> set[str]:  # Any: as above
    """Return the annotation of earlier components that the model of a component reads as features of tokens."""
    from thinc.api import Model

    model = getattr(pipe, "model", None)
    if not isinstance(model, Model):
        return set()
    columns = [column for node in model.walk() for column in node.attrs.get("columns", ())]
    return {_named(column) for column in columns} & set(ATTRIBUTES)


def _attributes_of_patterns(patterns: list[dict[str, Any]]) -> set[str]:  # Any: of the patterns of a matcher
    """Return the annotation that the patterns of an attribute ruler match."""
    tokens = [token for entry in patterns for pattern in entry["patterns"] for token in pattern]
    return {_named(attr) for token in tokens for attr in token} & set(ATTRIBUTES)


def _named(attr: int | str) -> str:
    """Return the name of a token's attribute in terms of factories."""
    from spacy.attrs import NAMES

    name = attr if isinstance(attr, str) else NAMES[attr]
    aliases = {"SENT_START": "is_sent_start"}
    (part,) = expanded([f"token.{aliases.get(name, name.lower())}"])
    return part


def _language_lacks(nlp: "Language", annotation: str) -> bool:
    return annotation == NOUN_CHUNKS and nlp.vocab.get_noun_chunks is None


def _report_language(nlp: "Language", name: str, *, is_optional: bool) -> None:
    """Warn of a language without noun chunks, or raise ConfigError if a function needs them."""
    rule = f'{NOUN_CHUNKS} is needed by {name}, but spaCy has no noun chunks for the language "{nlp.lang}"'
    if not is_optional:
        raise ConfigError(f"{rule}. Choose other keys.")
    warnings.warn(f'{rule}. Noun phrases have no keys. Set phrases = ["ents"] to silence this.', stacklevel=2)


def _annotated_by_tokenizer(nlp: "Language") -> set[str]:
    doc = nlp.make_doc(SAMPLE)
    return {name for name, attr in ATTRIBUTES.items() if doc.has_annotation(attr)}


def _missing_text(nlp: "Language", required: str, missing: str, *, name: str) -> str:
    """Return the text of an error about annotation that no component provides."""
    what = required if missing == required else f"{required}, which needs {missing}"
    remedy = "Choose a pipeline that provides it"
    if missing in PROVIDERS:
        remedy += f", for example by its component {PROVIDERS[missing]}"
    if not nlp.component_names:
        remedy = "Name one that does, such as en_core_web_sm, " + worded(
            python="by pipeline, or pass it as nlp", command_line="as pipeline of [w2v.tokens], or by --pipeline"
        )
    if missing == "token.is_sent_start":
        remedy += ", or set true_case = false for spacy_w2v.SenseKeys.v1" if name.startswith("spacy_w2v") else ""
    has = ", ".join(nlp.pipe_names) or "none"
    return (
        f"A pipeline must provide the annotation that keys need, but this one lacks {what} for {name}. Its components: "
        f"{has}. {remedy}."
    )
