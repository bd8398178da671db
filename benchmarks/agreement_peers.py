"""What other libraries make of the same judgments, one locale after the other; none has intervals over annotators."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import duckdb
import evalica
import numpy as np
import pandas as pd
from alone import Measured, Watch
from crowdkit.metrics.data import alpha_krippendorff
from simulated_judgments import CODES, LOCALES, RATERS
from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa


class Source(Protocol):
    """Where judgments are."""

    folder: Path

    def connect(self) -> duckdb.DuckDBPyConnection:
        """The engine alone, with a table `judgments`."""


def evalica_alphas(source: Source) -> Measured:
    """Alpha, nominal and ordinal; as rows it takes the first, second and third rating of every item."""
    watch = Watch()
    found = {"nominal": 0.0, "ordinal": 0.0}
    for ratings in _ratings(source):
        table = pd.DataFrame(ratings.T)
        for distance in found:
            found[distance] += evalica.alpha(table, distance=distance).alpha / LOCALES
    return watch.stop({f"alpha_{distance}": value for distance, value in found.items()})


def statsmodels_fleiss(source: Source) -> Measured:
    """Fleiss' kappa."""
    watch = Watch()
    kappas = [fleiss_kappa(aggregate_raters(ratings, len(CODES))[0]) for ratings in _ratings(source)]
    return watch.stop({"fleiss": float(np.mean(kappas))})


def _ratings(source: Source) -> list[np.ndarray]:
    """Items × ratings of every locale, as numbers of the categories."""
    with source.connect() as connection:
        rows = connection.sql("SELECT locale, item, number + 2 AS own FROM judgments ORDER BY locale, item").df()
    return [each["own"].to_numpy(np.int64).reshape(-1, RATERS) for _, each in rows.groupby("locale")]


def crowd_kit(source: Source) -> Measured:
    """Alpha, nominal."""
    watch = Watch()
    with source.connect() as connection:
        rows = connection.sql(
            "SELECT locale, item AS task, annotator AS worker, value AS label FROM judgments ORDER BY locale"
        ).df()
    alphas = [alpha_krippendorff(each.drop(columns="locale")) for _, each in rows.groupby("locale")]
    return watch.stop({"alpha_nominal": float(np.mean(alphas))})
