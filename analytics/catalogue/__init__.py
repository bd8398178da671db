"""Every statistic once: its name, what it takes and what it answers. API and commands are made from this list."""

from analytics.catalogue import agreement, annotators, answers, disagreement, quality, reviews, work
from analytics.catalogue.statistic import Plain, Statistic

STATISTICS: tuple[Statistic, ...] = (
    *agreement.STATISTICS,
    *answers.STATISTICS,
    *disagreement.STATISTICS,
    *annotators.STATISTICS,
    *quality.STATISTICS,
    *reviews.STATISTICS,
    *work.STATISTICS,
)

__all__ = ["STATISTICS", "Plain", "Statistic"]
