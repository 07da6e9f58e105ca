"""The learning rate."""

import pytest

from spacy_w2v.training._learning_rate import LearningRateSchedule

SCHEDULE = LearningRateSchedule(alpha=0.025, min_alpha=0.0001, n_tokens=1000)


@pytest.mark.parametrize(("token", "expected"), [(0, 0.025), (500, 0.01255), (1000, 0.0001), (2000, 0.0001)])
def test_falls_linearly_to_min_alpha(token, expected):
    assert SCHEDULE.learning_rate_at(token) == pytest.approx(expected)


def test_chunks_are_continuous():
    first, second = SCHEDULE.alphas_between(0, 400), SCHEDULE.alphas_between(400, 1000)
    assert first.first == pytest.approx(0.025)
    assert first.last == second.first
    assert second.last == pytest.approx(0.0001)
