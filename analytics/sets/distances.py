"""How far two sets are apart, 0 to 1, from the sizes of both and of what they share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Distance: TypeAlias = Callable[[npt.ArrayLike, npt.ArrayLike, npt.ArrayLike], Floats]


def exact(shared: npt.ArrayLike, first: npt.ArrayLike, second: npt.ArrayLike) -> Floats:
    """0 for the same set, else 1."""
    together = _together(shared, first, second)
    return np.asarray(np.asarray(shared) != together, np.float64)


def jaccard(shared: npt.ArrayLike, first: npt.ArrayLike, second: npt.ArrayLike) -> Floats:
    """1 less the share of the codes of either set that are in both (Jaccard 1912); two empty sets are 0 apart.

    >>> float(jaccard(2, 2, 4))  # {1, 2} and {1, 2, 3, 4}
    0.5
    """
    together = _together(shared, first, second)
    return np.asarray(np.where(together > 0, 1 - np.asarray(shared) / np.maximum(together, 1), 0.0))


def masi(shared: npt.ArrayLike, first: npt.ArrayLike, second: npt.ArrayLike) -> Floats:
    """1 less Jaccard's share times 1 for the same set, 2/3 where one holds the other, else 1/3 (Passonneau 2006).

    Two empty sets are 0 apart; an empty one is 1 apart from any other.

    >>> round(float(masi(2, 2, 4)), 4)  # {1, 2} and {1, 2, 3, 4}
    0.6667
    """
    together = _together(shared, first, second)
    held = np.asarray(shared) == np.minimum(first, second)
    monotonicity = np.where(np.asarray(shared) == together, 1.0, np.where(held, 2 / 3, 1 / 3))
    return np.asarray(1 - (1 - jaccard(shared, first, second)) * monotonicity)


def _together(shared: npt.ArrayLike, first: npt.ArrayLike, second: npt.ArrayLike) -> npt.NDArray[np.float64]:
    return np.asarray(np.asarray(first, np.float64) + np.asarray(second) - np.asarray(shared), np.float64)
