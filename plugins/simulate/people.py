"""Simulated annotators: what each of them knows, leans to, and how that changes over the weeks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Population:
    """How annotators differ; each parameter is a mean and a standard deviation over people.

    `skill` is the chance to know the answer (0 to 1). `bias` shifts answers on ordered scales, in steps of the
    scale: above 0 is lenient, below is severe. `drift` is the change of skill per week.
    """

    skill: float = 0.8
    skill_sd: float = 0.1
    bias: float = 0.0
    bias_sd: float = 0.2
    drift: float = 0.0
    drift_sd: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.skill <= 1:
            raise ValueError(f"skill is a probability, from 0 to 1, not {self.skill}")
        if min(self.skill_sd, self.bias_sd, self.drift_sd) < 0:
            raise ValueError("a standard deviation cannot be below 0")

    def draw(self, count: int, rng: np.random.Generator) -> People:
        """`count` people drawn from this population.

        >>> Population(skill=0.9, skill_sd=0).draw(2, np.random.default_rng(0)).skill
        array([0.9, 0.9])
        """
        return People(
            skill=np.clip(rng.normal(self.skill, self.skill_sd, count), 0.0, 1.0),
            bias=rng.normal(self.bias, self.bias_sd, count),
            drift=rng.normal(self.drift, self.drift_sd, count),
        )


@dataclass(frozen=True)
class People:
    """The truth about some annotators: three arrays of shape (people,)."""

    skill: Floats
    bias: Floats
    drift: Floats

    def skill_at(self, who: NDArray[np.int64], week: NDArray[np.int64]) -> Floats:
        """The chance that each of `who` knows an answer in that week; drift never leads below 0 or above 1."""
        return np.clip(self.skill[who] + self.drift[who] * week, 0.0, 1.0)
