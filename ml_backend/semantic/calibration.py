"""How alike unrelated texts of a language are to a model, and from where on a similarity means something.

Models differ, and one model differs from language to language: all-MiniLM-L6-v2 gives half of all unrelated pairs .04
or more in English and .84 or more in Bengali. So no threshold is fixed: each language has its own, from pairs of its
own texts, and a language whose unrelated texts are too alike has none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST = 200
"""Texts that a calibration needs: 19,900 pairs, so that the highest thousandth is twenty of them."""

MOST = 1000
"""Texts that a calibration looks at: half a million pairs, a tenth of a second."""

_MOST_MEDIAN = 0.5
_MOST_HIGH = 0.8


@dataclass(frozen=True)
class Calibration:
    """What the cosine similarities of all pairs of `n` texts of a language are: median, 95 % and 99.9 % quantile."""

    n: int
    median: float
    p95: float
    high: float

    @property
    def threshold(self) -> float:
        """Halfway between what one unrelated pair in a thousand reaches and identity.

        >>> Calibration(n=400, median=0.04, p95=0.21, high=0.42).threshold
        0.71
        """
        return round((1 + self.high) / 2, 4)

    @property
    def refusal(self) -> str | None:
        """Why there is no threshold: half of the pairs are above .5, or one in a thousand above .8."""
        if self.median > _MOST_MEDIAN:
            found = f"half of the unrelated pairs of {self.n} texts are {self.median:.2f} alike or more"
            return (
                f"the model cannot tell texts of this language apart: {found}, and {_MOST_MEDIAN} is the most allowed"
            )
        if self.high > _MOST_HIGH:
            found = f"one unrelated pair in a thousand of {self.n} texts is {self.high:.2f} alike or more"
            return f"the model cannot tell texts of this language apart: {found}, and {_MOST_HIGH} is the most allowed"
        return None

    def score(self, similarity: float) -> float:
        """0 up to the median of unrelated pairs, .5 at the threshold, 1 for the same vector; straight in between.

        So one score means the same in every language.

        >>> calibration = Calibration(n=400, median=0.04, p95=0.21, high=0.42)
        >>> [calibration.score(each) for each in (-0.1, 0.71, 1.0)]
        [0.0, 0.5, 1.0]
        """
        return round(float(np.interp(similarity, (self.median, self.threshold, 1.0), (0.0, 0.5, 1.0))), 4)


def calibrate(vectors: NDArray[np.float32]) -> Calibration:
    """From the vectors of different texts, texts × dimensions, each row of length 1.

    Nearly all pairs of a programme's texts are unrelated: the few that are not hardly move these quantiles.
    """
    similarities = (vectors @ vectors.T)[np.triu_indices(len(vectors), 1)]
    median, p95, high = np.quantile(similarities, (0.5, 0.95, 0.999)).round(4)
    return Calibration(len(vectors), float(median), float(p95), float(high))


def missing(texts: int) -> str:
    """Why there is no threshold yet.

    >>> missing(150)
    '50 more texts of this language are needed to calibrate the threshold'
    """
    return f"{LEAST - texts} more texts of this language are needed to calibrate the threshold"
