"""How a simulated annotator answers, given the truth.

- Ordered scales: the truth plus the person's bias plus normal noise, rounded to the nearest step and held within the
  scale. The noise has a standard deviation of (1 - skill) times half the length of the scale.
- Unordered choices: the truth with probability `skill`, else any other choice, all equally likely. So two people of
  skills p and q agree on a question of k choices with probability pq + (1 - p)(1 - q)/(k - 1).
- Errors: each true error is marked with probability `skill`; its category and severity follow the two rules above.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plugins.simulate.people import Floats

Indices = NDArray[np.int64]


def ordered(truth: Indices, skill: Floats, bias: Floats, choices: int, rng: np.random.Generator) -> Indices:
    """Positions answered on an ordered scale of `choices` steps; all arrays of one shape.

    >>> ordered(np.array([0, 4]), np.ones(2), np.zeros(2), 5, np.random.default_rng(0))
    array([0, 4])
    """
    noise = rng.normal(0.0, 1.0, truth.shape) * (1.0 - skill) * (choices - 1) / 2
    return np.clip(np.rint(truth + bias + noise), 0, choices - 1).astype(np.int64)


def unordered(truth: Indices, skill: Floats, choices: int, rng: np.random.Generator) -> Indices:
    """Positions answered among `choices` unordered options; all arrays of one shape.

    >>> unordered(np.array([0, 2]), np.ones(2), 3, np.random.default_rng(0))
    array([0, 2])
    """
    knows = rng.random(truth.shape) < skill
    if choices == 1:
        return truth.copy()
    other = (truth + rng.integers(1, choices, truth.shape)) % choices
    return np.where(knows, truth, other)
