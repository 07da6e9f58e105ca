"""How keys are spelled: words with underscores, a bar and a sense, and the case of a first word, as in sense2vec."""

from spacy_w2v.keys._sense_names import sense_key

SENSE_OF_URLS = "X"
WORD_OF_URLS = "%%URL"
UNKNOWN_SENSE = "?"


def with_sense(text: str, sense: str) -> str:
    """Return the key of a word or phrase with a sense, such as "New_York|GPE".

    Unlike sense2vec, which writes an underscore for each character, it writes one for a run of white space: a line
    break within a phrase makes no other key.
    """
    return sense_key(single_spaced(text), sense or UNKNOWN_SENSE)


def single_spaced(text: str) -> str:
    """Return the text of a phrase with one space for each run of white space, as corpora have it."""
    return " ".join(text.split())


def in_sentence_case(text: str) -> str:
    """Return the text of a sentence's first word or phrase as it would be written within the sentence.

    It is in lower case if only its first letter is upper-case, except for "I" and words that begin with it. The rule is
    that of sense2vec.
    """
    first, rest = text[:1], text[1:]
    capitalized = first.isupper() and first != "I" and not any(letter.isupper() for letter in rest)
    return text.lower() if capitalized else text
