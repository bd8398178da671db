"""Which answers the annotators of a unit gave: the rater-pattern table, as one expression over one window.

All annotators of a unit are looked at together, in a window over the units. Settling repeated answers (the newest of
an annotator counts) would cost more than all else, and they are rare. So the window tells too which units surely have
none: every annotator is put into one of 48 buckets by a hash, and where no two are in the same bucket nobody answered
twice. Only the other units are settled. Nothing but the cost depends on the hash.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

PLACES = 8
"""Categories whose counts are packed into one number, six bits each; a float holds 53."""

_BITS = 6
_BUCKETS = 48
_DRAWS = 2
"""How often annotators are put into buckets: once is enough without two in the same."""


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def bit_count(number: int) -> int:  # type: ignore[empty-body]
    """How many bits of a number are 1; DuckDB and Spark both have it."""


def milliseconds(instant: ir.TimestampValue) -> ir.IntegerValue:
    """Milliseconds since 1970, 0 where it is not known."""
    seconds = instant.epoch_seconds().cast("float64").floor().cast("int64")  # DuckDB's have a fraction, and casts round
    return (seconds * 1_000 + instant.millisecond()).fill_null(0)


def patterns_by_rater(answers: ir.Table, key: Sequence[str], size: int) -> ir.Table:
    """How often each annotator gave each answer to units with each pattern: key, annotator, own, n0, n1, …, judgments.

    `answers` has the columns of `key`, item, target, annotator, `own` (category number; `size` where it is none of the
    `size` categories, and so in no pattern) and `updated`. A unit is an item and target within a key.
    The newest answer of an annotator to a unit counts; of answers of the same millisecond, that of the later category.
    Two rows may be alike but for their judgments, which add up.
    """
    cells = _cells(answers, key, size)
    once = cells.filter(cells.newest.isnull())
    settled = _settled(cells.filter(cells.newest.notnull()), key, size)
    columns = [*key, "annotator", "own", *(f"n{k}" for k in range(size)), "judgments"]
    pattern = {f"n{k}": _count(once[f"word{k // PLACES}"], k % PLACES) for k in range(size)}
    return once.mutate(**pattern).select(columns).union(settled.select(columns))


def _cells(answers: ir.Table, key: Sequence[str], size: int) -> ir.Table:
    """Judgments that are alike, counted: key, annotator, own, `word0`, … (the pattern) and judgments; no `newest`.

    Units that may have repeated answers stay apart: key, item, target, annotator and `newest`, the annotator's newest
    answer after its instant; their `own` is null.
    """
    seen = _seen(answers, _unit(key), size)
    item = {name: seen.once.ifelse(ibis.null(), seen[name]) for name in _unit(key) if name not in key}
    own = seen.once.ifelse(seen.own, ibis.null())
    newest = seen.once.ifelse(ibis.null(), milliseconds(seen.updated) * (size + 1) + seen.own)
    alike = seen.mutate(**item, own=own, newest=newest).group_by([*key, *item, "annotator", "own", *_words(size)])
    return alike.aggregate(judgments=ibis._.count(), newest=ibis._.newest.max())


def _seen(answers: ir.Table, unit: Sequence[str], size: int) -> ir.Table:
    """Every answer with the pattern of its unit, and whether its annotators surely answered `once`."""
    over_unit = ibis.window(group_by=unit)
    sums = {name: _word(answers.own, number, size) for number, name in enumerate(_words(size))}
    sums |= {f"bucket{draw}": _bucket(answers.annotator, draw) for draw in range(_DRAWS)}
    windows = {name: each.sum().over(over_unit) for name, each in sums.items()}
    ratings = answers.count().over(over_unit)
    seen = answers.select(*unit, "annotator", "own", "updated", ratings=ratings, **windows)
    filled = (bit_count(seen[f"bucket{draw}"].cast("int64")) for draw in range(_DRAWS))
    return seen.mutate(once=ibis.or_(*(each == seen.ratings for each in filled)))


def _unit(key: Sequence[str]) -> list[str]:
    return list(dict.fromkeys((*key, "item", "target")))


def _words(size: int) -> list[str]:
    return [f"word{number}" for number in range(-(-size // PLACES))]


def _word(own: ir.IntegerValue, number: int, size: int) -> ir.FloatingValue:
    """One in the place of the category, if it is in this word, else nothing."""
    first = number * PLACES
    last = min(first + PLACES, size)
    return own.cases(*((k, 1 << (_BITS * (k - first))) for k in range(first, last)), else_=0).cast("float64")


def _bucket(annotator: ir.StringValue, draw: int) -> ir.FloatingValue:
    """One in the place of the annotator's bucket."""
    place = (annotator.hash() >> (8 * draw)) % _BUCKETS
    return (ibis.literal(1 << (_BUCKETS - 1)) >> place.abs()).cast("float64")


def _count(word: ir.FloatingValue, place: int) -> ir.IntegerValue:
    return (word.cast("int64") >> (_BITS * place)) & (2**_BITS - 1)


def _settled(cells: ir.Table, key: Sequence[str], size: int) -> ir.Table:
    """The rows of units whose answers are settled here, one judgment an annotator."""
    answers = cells.mutate(own=(cells.newest % (size + 1)).cast(cells.own.type()))
    over_unit = ibis.window(group_by=_unit(key))
    pattern = {f"n{k}": (answers.own == k).sum().over(over_unit) for k in range(size)}
    counted = answers.mutate(**pattern)
    return counted.group_by([*key, "annotator", "own", *pattern]).aggregate(judgments=counted.count())
