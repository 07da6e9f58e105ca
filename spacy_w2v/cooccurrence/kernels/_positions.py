"""Lays out a part of the corpus as words, and lists the positions of each word."""

from spacy_w2v._arrays import OUT_OF_VOCABULARY
from spacy_w2v._jit import exact_kernel


@exact_kernel
def append_words(chunk, word_of_type, boundary, words, n, counts):
    """Append the sentences of a chunk to an array of words. Tokens that are not in the vocabulary are left out.

    Each sentence that has words is followed by one `boundary`.

    Args:
        chunk: The chunk.
        word_of_type: p; the word id of each type, or OUT_OF_VOCABULARY.
        boundary: The number that stands for the end of a sentence (uint32). It is not a word id.
        words: uint32; the array. It has room for a number for each token and sentence of the chunk, and one more.
        n: The number of its entries so far.
        counts: v; the count of each word so far, to which those of the chunk are added.

    Returns:
        The new number of entries.
    """
    for sentence in range(chunk.offsets.shape[0] - 1):
        begin = n
        for place in range(chunk.offsets[sentence], chunk.offsets[sentence + 1]):
            word = word_of_type[chunk.tokens[place]]
            words[n] = word  # known or not: a branch would be mispredicted
            n += int(word != OUT_OF_VOCABULARY)
        for i in range(begin, n):
            counts[words[i]] += 1
        if n > begin:
            words[n] = boundary
            n += 1
    return n


@exact_kernel
def sort_positions(words, boundary, next_places, positions):
    """List the positions of each word in an array, in ascending order, by counting sort.

    Args:
        words: The words and boundaries, from `append_words`.
        boundary: The number that stands for the end of a sentence.
        next_places: v; the place in `positions` where the list of each word begins. Afterwards, where it ends.
        positions: uint32; receives the lists.
    """
    for i in range(words.shape[0]):
        word = words[i]
        if word != boundary:
            place = next_places[word]
            positions[place] = i
            next_places[word] = place + 1
