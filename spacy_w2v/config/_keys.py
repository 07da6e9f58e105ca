"""What settings must be where keys of tokens and phrases are counted, rather than attributes of tokens."""

from spacy_w2v.config._phrases import PhraseSettings
from spacy_w2v.config._subwords import SubwordMode
from spacy_w2v.config._words import LEMMA_KEYS, TokensSettings, VocabularySettings


def check_keys(
    tokens: TokensSettings, vocabulary: VocabularySettings, *, phrases: PhraseSettings, subwords: SubwordMode | None
) -> None:
    """Raise ValueError for settings that do not fit the keys of `[w2v.tokens]`.

    Args:
        tokens: The block `[w2v.tokens]`.
        vocabulary: The block `[w2v.vocabulary]`.
        phrases: The block `[w2v.phrases]`.
        subwords: The mode of the subwords; None for words with rows of their own.
    """
    block = tokens.key_block
    if block is None:
        if vocabulary.min_phrase_count is not None:
            raise ValueError(
                "vocabulary.min_phrase_count needs tokens.keys, a function that finds phrases, was: "
                f"{vocabulary.min_phrase_count} without them. Leave it out, or set keys in [w2v.tokens]. Phrases of "
                "[w2v.phrases] have a min_count of their own."
            )
        return
    if block.get("@misc") == LEMMA_KEYS:
        return  # lemmas are words: they are joined to phrases, and composed of subwords, as other words are
    if phrases.is_on:
        raise ValueError(
            "phrases must be left out with tokens.keys, which find phrases of their own, and whose senses would be "
            'within the joined words. Leave [w2v.phrases] out, or use the keys "lemmas".'
        )
    if subwords is not None:
        raise ValueError(
            f'model.subwords.mode must be null with tokens.keys, since the n-grams of a key such as "duck|NOUN" are '
            f'not those of a text, was: "{subwords}". Leave it out, or use the keys "lemmas".'
        )
