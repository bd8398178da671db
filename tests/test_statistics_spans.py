"""Span agreement: published and hand-made figures, characters counted one by one, invariants, coverage, answers."""

import duckdb
import ibis
import numpy as np
import pandas as pd
import pytest
from analytics_bodies import ANALYST
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from statistics_data import KEY, NOON, data_set, judgments

import guidelines
from analytics.errors import ImpossibleInterval, ImpossibleMetric, UndeclaredCategory, UnknownGrouping
from analytics.intervals import jackknife
from analytics.spans.agreement import _compared, span_agreement
from analytics.spans.figures import FIGURES, totals
from analytics.spans.marks import Labels, marks
from analytics.spans.pairs import span_pairs
from analytics.store import Store
from plugins.label_studio.answers import Form
from plugins.label_studio.results import Span, to_result

pytest_plugins = ["analytics_fixtures"]

LABELS = Labels(("grammar", "style"), ("minor", "major"))
ASKED = {KEY: LABELS}
SPANS = {
    **dict.fromkeys(("source", "project", "annotation", "question", "target"), "string"),
    **dict.fromkeys(("start", "end"), "int64"),
    **dict.fromkeys(("category", "severity"), "string"),
}
G, S = ("grammar", "minor"), ("style", "major")


def looked(*looks: tuple, length: int | None = 60, **more) -> tuple:
    """Judgments and spans of looks: item, annotator, spans as (start, end, category, severity); `more` are columns."""
    answers, found = [], []
    for number, (item, annotator, spans, *at) in enumerate(looks):
        key = {"source": "s", "project": "p", "annotation": f"{number:05}"}
        value = "marked" if spans else "none"
        updated = at[0] if at else NOON
        answers.append(
            {**key, "item": item, "annotator": annotator, "value": value, "length": length, "updated": updated}
        )
        for start, end, category, severity in spans:
            place = {"start": start, "end": end, "category": category, "severity": severity}
            found.append({**key, "question": KEY[1], "target": "item", **place})
    table = judgments(pd.DataFrame(answers).assign(**more))
    return table.mutate(length=table.length.cast("int64")), ibis.memtable(found, schema=SPANS)


def rows_of(*looks: tuple, length: int | None = 60, **how) -> dict:
    """Rows by what is compared and the label."""
    found = span_agreement(*looked(*looks, length=length), questions=ASKED, **how)
    return {(row.compared, row.label): row for row in found}


def values(*looks: tuple, **how) -> dict:
    """The values of all figures on the places of marks."""
    row = rows_of(*looks, metrics=list(FIGURES), **how)["place", None]
    return {name: estimate.value for name, estimate in row.estimates.items()}


THREE = (
    ("i", "a", [(2, 5, *G)]),
    ("i", "b", [(2, 5, *G), (10, 20, *G)]),
    ("i", "c", [(2, 5, *G), (15, 20, *S)]),
)


def test_the_published_binary_example():
    """Krippendorff (2011), example A, binary alpha .095: marks of one character are answers about that character."""
    lines = ("0100000010", "1110010000")
    looks = [
        ("i", name, [(k, k + 1, *G) for k, value in enumerate(line) if value == "1"])
        for name, line in zip("ab", lines, strict=True)
    ]
    assert round(values(*looks, length=10)["alpha_unitized"], 3) == 0.095


def test_figures_by_hand():
    """Pairs share 1 of 3, 1 of 3 and 1 of 4 spans; 2, 2 and 4 touch; 3, 3 and 8 of 16, 11 and 21 characters."""
    assert values(*THREE) == pytest.approx(
        {
            "exact_f1": 2 * 3 / 10,
            "touch_f1": (2 + 2 + 4) / 10,
            "character_f1": 2 * 14 / 48,
            "exact_mean": (2 / 3 + 2 / 3 + 2 / 4) / 3,
            "touch_mean": (2 / 3 + 2 / 3 + 4 / 4) / 3,
            "character_mean": (6 / 16 + 6 / 11 + 16 / 21) / 3,
            "alpha_unitized": 1 - 10 * (180**2 - 308) / (180 * 24 * 156),
        }
    )


def test_categories_and_severities_are_compared_apart():
    """Other names or severities do not meet; each has figures of its own, and all of them together."""
    rows = rows_of(*THREE)
    assert list(rows) == [
        ("place", None), ("category", None), ("category", "grammar"), ("category", "style"),
        ("severity", None), ("severity", "minor"), ("severity", "major"),
    ]  # fmt: skip
    figures = {at: row.estimates["character_f1"].value for at, row in rows.items()}
    assert figures["category", None] == pytest.approx(2 * 9 / 48)
    assert figures["category", "grammar"] == pytest.approx(2 * 9 / (2 * 19))
    assert figures["severity", "major"] == 0
    assert [row.n_spans for row in rows.values()] == [5, 5, 4, 1, 5, 4, 1]
    assert all(row.small for row in rows.values())


def brute(looks: list, length: dict, label=lambda span: None) -> dict:
    """All figures, character by character and pair by pair, from their definitions."""
    texts: dict = {}
    for item, _, spans, *_ in looks:
        texts.setdefault(item, []).append({(start, end, label((start, end, *codes))) for start, end, *codes in spans})
    texts = {item: each for item, each in texts.items() if len(each) > 1}
    kinds = sorted({span[2] for each in texts.values() for spans in each for span in spans}, key=str)
    sums = dict.fromkeys(("alike", "touch", "spans", "chars", "marked"), 0.0)
    means = {"exact_mean": [], "touch_mean": [], "character_mean": []}
    for each in texts.values():
        of_text = {name: [] for name in means}
        for one in range(len(each)):
            for other in range(len(each)):
                if one == other:
                    continue
                mine, its = each[one], each[other]
                my_chars = {(k, name) for start, end, name in mine for k in range(start, end)}
                its_chars = {(k, name) for start, end, name in its for k in range(start, end)}
                touch = lambda these, those: sum(  # noqa: E731
                    any(s < b and a < e and n == name for a, b, n in those) for s, e, name in these
                )
                both, met = len(mine & its), touch(mine, its)
                sums["alike"] += both
                sums["touch"] += met
                sums["spans"] += len(mine)
                sums["chars"] += len(my_chars & its_chars)
                sums["marked"] += len(my_chars)
                for name, part, whole in (
                    ("exact_mean", 2 * both, len(mine) + len(its)),
                    ("touch_mean", met + touch(its, mine), len(mine) + len(its)),
                    ("character_mean", 2 * len(my_chars & its_chars), len(my_chars) + len(its_chars)),
                ):
                    of_text[name].append(part / whole if whole else 1.0)
        for name, scores in of_text.items():
            means[name].append(np.mean(scores))
    share = lambda part, whole: part / whole if whole else np.nan  # noqa: E731
    return {
        "exact_f1": share(sums["alike"], sums["spans"]),
        "touch_f1": share(sums["touch"], sums["spans"]),
        "character_f1": share(sums["chars"], sums["marked"]),
        **{name: np.mean(each) if each else np.nan for name, each in means.items()},
        "alpha_unitized": brute_alpha(texts, length, kinds),
    }


def brute_alpha(texts: dict, length: dict, kinds: list) -> float:
    """The coincidences of Krippendorff et al. (2016), equations 1, 4 and 6, of each label, added up."""
    observed = expected = 0.0
    for kind in kinds:
        coincidences, squares = np.zeros((2, 2)), 0
        for item, each in texts.items():
            covered = np.zeros((len(each), length[item]), int)
            for row, spans in zip(covered, each, strict=True):
                for start, end, name in spans:
                    row[start:end] |= name == kind
                squares += sum(size**2 for size in stretches([(s, e) for s, e, name in spans if name == kind]))
            for one in range(len(each)):
                for other in range(len(each)):
                    if one != other:
                        np.add.at(coincidences, (covered[one], covered[other]), 1 / (len(each) - 1))
        unmarked, marked = coincidences.sum(axis=1)
        every = coincidences.sum()
        observed += 2 * coincidences[0, 1]
        expected += 2 * every * unmarked * marked / (every**2 - squares - unmarked)
    return 1 - observed / expected if expected > 1e-9 else np.nan


def stretches(spans: list) -> list[int]:
    """How long the stretches are that overlapping spans make; spans that only meet stay two."""
    ends: list = []
    for start, end in sorted(spans):
        if ends and start < ends[-1][1]:
            ends[-1][1] = max(ends[-1][1], end)
        else:
            ends.append([start, end])
    return [end - start for start, end in ends]


def many(seed: int, texts: int = 8, raters: int = 4, long: int = 30) -> list:
    """One to four looks a text, none to three spans each, which may overlap and repeat."""
    rng = np.random.default_rng(seed)
    looks = []
    for text in range(texts):
        true = [
            (int(start), int(start + rng.integers(1, 8))) for start in rng.integers(0, long - 8, rng.integers(0, 4))
        ]
        for rater in rng.permutation(raters)[: rng.integers(1, 5)]:
            spans = [
                (
                    start + int(rng.integers(0, 2)) * (end - start > 1),
                    end,
                    LABELS.categories[rng.integers(0, 2)],
                    LABELS.severities[rng.integers(0, 2)],
                )
                for start, end in true
                if rng.random() < 0.7
            ]
            looks.append((f"i{text}", f"r{rater}", spans))
    return looks


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_figures_are_those_of_single_characters_and_pairs(seed: int):
    """Marks that overlap in one annotation, texts with one to four looks and without a mark included."""
    looks = many(seed)
    length = {f"i{text}": 30 for text in range(8)}
    for (compared, label), row in rows_of(*looks, length=30, metrics=list(FIGURES)).items():
        chosen = {"place": None, "category": 2, "severity": 3}[compared]
        kept = [
            (item, who, [span for span in spans if label is None or span[chosen] == label])
            for item, who, spans in looks
        ]
        known = brute(kept, length, lambda span, at=chosen: None if at is None else span[at])
        for name, estimate in row.estimates.items():
            value = np.nan if estimate.value is None else estimate.value
            assert value == pytest.approx(known[name], nan_ok=True), (compared, label, name)


def test_jackknives_are_those_of_the_looks():
    """Without each text, annotator or look the figures are what they are when these are not in the data."""
    looks = many(3)
    (group,) = marks(*looked(*looks, length=30), ASKED, ["locale"])
    length = {f"i{text}": 30 for text in range(8)}
    counted = pd.Series([item for item, *_ in looks]).value_counts()
    used = [look for look in looks if counted[look[0]] > 1]
    for compared, label, spans in list(_compared(group, LABELS))[:2]:
        assert label is None
        sums = totals(group, spans)
        name_of = (lambda span: None) if compared == "place" else (lambda span: span[2])
        for at, left, repeats in (
            (0, sums.without_item, sums.units),
            (1, sums.without_rater, np.ones(len(sums.without_rater))),
            (None, sums.without_rating, sums.ratings),
        ):
            keys = range(len(used)) if at is None else sorted({look[at] for look in used})
            kept = [[look for n, look in enumerate(used) if (n if at is None else look[at]) != key] for key in keys]
            known = pd.DataFrame([brute(each, length, name_of) for each in kept])
            for name, figure in FIGURES.items():
                expected = jackknife(known[name].to_numpy(), np.ones(len(known))).value
                assert jackknife(figure.of(left), repeats).value == pytest.approx(expected), name


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_names_and_order_do_not_matter(seed: int):
    """Other names of texts and annotators, another order, categories exchanged: the same figures and intervals."""
    looks = many(seed)
    swapped = {"grammar": "style", "style": "grammar"}
    other = [
        (f"x{item}", who[::-1], [(s, e, swapped[category], severity) for s, e, category, severity in spans[::-1]])
        for item, who, spans in np.random.default_rng(seed).permutation(np.array(looks, object))
    ]
    one, two = rows_of(*looks), rows_of(*other)
    for (compared, label), row in one.items():
        same = two[compared, swapped.get(label, label)]
        for name, estimate in row.estimates.items():
            its = same.estimates[name]
            assert estimate.undefined == its.undefined
            if estimate.low is not None:
                assert (estimate.value, estimate.low, estimate.high) == pytest.approx((its.value, its.low, its.high))


WORDS = [
    ("שלום עולם, מה שלומך היום?", "עולם"),
    ("مرحبا بالعالم الجميل", "بالعالم"),
    ("今日は良い天気ですね。", "天気"),
    ("Das 👩‍👩‍👧‍👦 ist 🇩🇪 schön", "👩‍👩‍👧‍👦"),
    ("cafe\u0301 et the\u0301", "cafe\u0301"),
]


@pytest.mark.parametrize(("text", "word"), WORDS)
def test_offsets_and_lengths_are_code_points(text, word):
    """A word and its last code point, in scripts to the left, without spaces, with joined and combining characters."""
    start, end = text.index(word), text.index(word) + len(word)
    looks = [("i", "a", [(start, end, *G)]), ("i", "b", [(end - 1, end, *G)])]
    found = values(*looks, length=len(text))
    assert found["character_f1"] == pytest.approx(2 / (len(word) + 1))
    n, marked = 2 * len(text), len(word) + 1
    unmarked, squares = n - marked, len(word) ** 2 + 1
    chance = 2 * n * marked * unmarked / (n**2 - squares - unmarked)
    assert found["alpha_unitized"] == pytest.approx(1 - 2 * (len(word) - 1) / chance)


@pytest.mark.parametrize(("text", "word"), WORDS)
def test_the_length_of_what_was_looked_at_is_kept(text, word):
    """Label Studio's answers tell how many code points the text has, also where nothing was marked."""
    workflow = guidelines.load().workflows["fluency_review"]
    data = {"item": "i", "prompt": "?", "response_a": text}
    start = text.index(word)
    for marked in ([Span(start, start + len(word), "grammar", "minor")], []):
        said = to_result({("errors", "a"): marked}, workflow, data)
        read = Form.of(workflow).read(said, data, "annotation")
        assert [(answer.value, answer.length) for answer in read.answers] == [
            ("marked" if marked else "none", len(text))
        ]
        assert [(span.text, span.end) for span in read.spans] == [(word, start + len(word)) for _ in marked]


def test_a_service_answers_of_what_it_was_sent(filled: FlaskClient):
    """Two annotators marked eight texts; the routes answer in JSON and CSV, and refuse what there is not."""
    rows = filled.get("/v1/spans", headers=ANALYST).json["rows"]
    place = rows[0]
    assert (place["compared"], place["label"], place["n_unknown_length"]) == ("place", None, 0)
    assert place["estimates"]["alpha_unitized"]["n_items"] == 8
    assert 0 < place["estimates"]["alpha_unitized"]["value"] < 1
    text = filled.get("/v1/spans?format=csv&metrics=exact_f1", headers=ANALYST).text
    assert "category,(all)," in text
    (pair,) = filled.get("/v1/spans/pairs?minimum=2", headers=ANALYST).json["rows"]
    assert pair["estimates"]["exact_f1"]["value"] == pytest.approx(place["estimates"]["exact_f1"]["value"])
    refused = filled.get("/v1/spans?question=fluency", headers=ANALYST)
    assert (refused.status_code, "errors" in refused.text) == (422, True)


def test_an_older_store_gets_the_length_of_texts(tmp_path):
    """A store of schema 7 opens with a column for it, unknown for what it holds."""
    with Store(tmp_path / "store.duckdb"):
        pass
    with duckdb.connect(str(tmp_path / "store.duckdb")) as connection:
        connection.execute("ALTER TABLE judgments DROP COLUMN length; UPDATE schema_version SET version = 7")
    with Store(tmp_path / "store.duckdb") as store, store.snapshot() as snapshot:
        assert snapshot.judgments().schema()["length"].is_int64()


def test_annotations_without_a_mark_count():
    """Two empty ones agree in the means and in alpha; beside a mark an empty one disagrees in all."""
    marked = [("i", "a", [(0, 5, *G)]), ("i", "b", [(0, 5, *G)])]
    clean = [("j", "a", []), ("j", "b", [])]
    half = [("k", "a", [(0, 5, *G)]), ("k", "b", [])]
    assert values(*marked, *clean)["character_mean"] == 1
    both = values(*marked, *clean, *half)
    assert both["character_mean"] == pytest.approx(2 / 3)
    assert both["character_f1"] == both["exact_f1"] == pytest.approx(10 / 15)
    assert both["alpha_unitized"] > values(*marked, *half)["alpha_unitized"]


def test_the_newest_annotation_counts_with_its_spans():
    """An annotator who looked again is taken by the later annotation alone, also where it has no marks."""
    later = NOON + pd.Timedelta("1s")
    looks = [("i", "a", [(0, 5, *G)]), ("i", "b", [(0, 5, *G)]), ("i", "b", [(7, 9, *G)], later), ("i", "a", [], later)]
    row = rows_of(*looks)["place", None]
    assert (row.n_spans, row.estimates["character_f1"].value, row.estimates["character_f1"].n_judgments) == (1, 0, 2)


def test_texts_of_unknown_length_are_left_out_of_alpha_alone():
    """They are counted, and alpha says that it has none, or how many it rests on."""
    row = rows_of(*THREE, length=None)["place", None]
    assert row.n_unknown_length == 1
    assert row.estimates["character_f1"].value == pytest.approx(28 / 48)
    assert row.estimates["alpha_unitized"].undefined == "no text of known length has two annotators"


@pytest.mark.parametrize(
    ("looks", "figure", "value", "reason"),
    [
        ([("i", "a", [(0, 5, *G)])], "exact_f1", None, "no item has two annotators"),
        ([("i", "a", []), ("i", "b", [])], "exact_f1", None, "nothing was marked"),
        ([("i", "a", []), ("i", "b", [])], "character_mean", 1, "no interval: all annotators agree on every item"),
        ([("i", "a", []), ("i", "b", [])], "alpha_unitized", None, "no variation: nothing was marked, or"),
        ([("i", "a", [(0, 60, *G)]), ("i", "b", [(0, 60, *G)])], "alpha_unitized", None, "no variation: nothing"),
        ([("i", "a", [(0, 6, *G)]), ("i", "b", [(0, 6, *G)])], "alpha_unitized", 1, "no interval: all annotators"),
        (list(THREE), "character_f1", pytest.approx(28 / 48), "no interval: without one item"),
    ],
)  # fmt: skip
def test_declared_answers(looks, figure, value, reason):
    """One annotator, no mark, every character marked, full agreement, a single text."""
    estimate = rows_of(*looks, metrics=[figure])["place", None].estimates[figure]
    assert estimate.value == value
    assert estimate.undefined.startswith(reason)
    assert estimate.low is None


def test_no_answers_give_no_row():
    """Nothing looked at, or no question."""
    table, spans = looked(*THREE)
    assert span_agreement(table.filter(ibis.literal(False)), spans, questions=ASKED) == []
    assert span_agreement(table, spans, questions={}) == []


def test_what_is_asked_wrongly_is_refused():
    """Unknown metrics, columns, populations and codes, each with what is possible."""
    table, spans = looked(*THREE)
    with pytest.raises(ImpossibleMetric) as refused:
        span_agreement(table, spans, questions=ASKED, metrics=["gamma"])
    assert "alpha_unitized" in refused.value.fix
    with pytest.raises(UnknownGrouping, match="colour"):
        span_agreement(table, spans, questions=ASKED, by=["colour"])
    with pytest.raises(ImpossibleInterval):
        span_agreement(table, spans, questions=ASKED, over="nobody")
    with pytest.raises(UndeclaredCategory, match="'style'"):
        span_agreement(table, spans, questions={KEY: Labels(("grammar",), LABELS.severities)})


def test_groups_stand_apart():
    """Texts that two vendors looked at are two; a column may be empty."""
    vendors = ["north", "north", "south", "south", None]
    looks = [*THREE, ("i", "d", []), ("j", "e", [])]
    rows = span_agreement(*looked(*looks, vendor=vendors), questions=ASKED, by=["vendor"])
    found = {row.group["vendor"]: row for row in rows if row.compared == "place"}
    assert {name: (row.n_spans, row.n_single_rated) for name, row in found.items()} == {
        "north": (3, 0), "south": (2, 0), None: (0, 1),
    }  # fmt: skip


def test_ted_talks_have_one_annotator_a_translation():
    """In the MQM evaluation of TED talks (Freitag et al. 2021) no translation was marked twice: nothing to compare."""
    rows = data_set("mqm_ted_spans.parquet")
    item = rows["lp"] + "/" + rows["system"] + "/" + rows["doc"] + "/" + rows["seg_id"].astype(str)
    looks = [
        (name, rater, [(0, 1, *G)])
        for name, rater in pd.DataFrame({"i": item, "r": rows["rater"]}).drop_duplicates().itertuples(index=False)
    ]
    row = rows_of(*looks)["place", None]
    assert (row.n_single_rated, row.estimates["exact_f1"].undefined) == (15341, "no item has two annotators")


def pairs_of(*looks: tuple, **how) -> dict:
    """Pairs of annotators and the values of their figures."""
    found = span_pairs(*looked(*looks), questions=ASKED, **how)
    return {row.first + row.second: {name: each.value for name, each in row.estimates.items()} for row in found}


def test_pairs_by_hand():
    """Precision is of the first's marks, recall of the second's; the lowest F1 of characters comes first."""
    found = pairs_of(*THREE, minimum=1)
    assert list(found) == ["ab", "ac", "bc"]
    assert found["bc"] == pytest.approx(
        {
            "exact_precision": 1 / 2, "exact_recall": 1 / 2, "exact_f1": 1 / 2,
            "character_precision": 8 / 13, "character_recall": 8 / 8, "character_f1": 16 / 21,
        }
    )  # fmt: skip
    assert found["ab"]["character_precision"] == 1
    assert found["ab"]["character_recall"] == pytest.approx(3 / 13)


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_pairs_are_those_of_single_characters(seed: int):
    """Each pair of annotators, taken by themselves, has the F1 of all; the pages of a list are the list."""
    looks = many(seed)
    length = {f"i{text}": 30 for text in range(8)}
    found = pairs_of(*looks, minimum=1)
    for pair, figures in found.items():
        both = [look for look in looks if look[1] in (pair[:2], pair[2:])]
        known = brute(both, length)
        assert figures["exact_f1"] == pytest.approx(known["exact_f1"])
        assert figures["character_f1"] == pytest.approx(known["character_f1"])
    assert list(pairs_of(*looks, minimum=1, limit=2)) + list(pairs_of(*looks, minimum=1, offset=2)) == list(found)
    scores = [figures["character_f1"] for figures in found.values()]
    assert scores == sorted(scores)


def test_pairs_without_enough_texts_have_no_row():
    """Texts that neither marked do not count for the minimum; who marked nothing has no precision."""
    looks = [("i", "a", [(0, 5, *G)]), ("i", "b", []), ("j", "a", []), ("j", "b", []), ("k", "c", [])]
    assert pairs_of(*looks, minimum=2) == {}
    (row,) = span_pairs(*looked(*looks), questions=ASKED, minimum=1)
    assert row.estimates["exact_recall"].undefined == "one of them marked nothing"
    assert (row.estimates["character_f1"].value, row.estimates["character_f1"].n_items) == (0, 1)
    assert row.estimates["character_f1"].undefined == "no interval: it is 0, and without any one text too"
    assert pairs_of(*looks[2:4], minimum=1) == {}


def studied(rng: np.random.Generator, texts: int, raters: int, skills: np.ndarray) -> list:
    """Three looks a text of 100 characters at none to three errors of 10; who misses some, and blurs their ends."""
    looks = []
    for text in range(texts):
        true = rng.permutation(8)[: rng.integers(0, 4)] * 12
        for rater in rng.permutation(raters)[:3]:
            found = [int(start) for start in true if rng.random() < skills[rater]]
            spans = [
                (max(start + int(rng.integers(-1, 2)), 0), start + 10 + int(rng.integers(-1, 2)), *G) for start in found
            ]
            if rng.random() < 0.15:
                start = int(rng.integers(0, 90))
                spans.append((start, start + 8, *G))
            looks.append((f"i{text}", f"r{rater}", spans))
    return looks


def skills(rng: np.random.Generator, raters: int, equal: bool) -> np.ndarray:
    """Chances to find an error, .75 on average."""
    return np.full(raters, 0.75) if equal else rng.beta(6, 2, raters)


TRUTHS = {"alpha_unitized": 0.582}  # of 36,000 looks, by as many annotators as need be


@pytest.mark.simulation
@pytest.mark.parametrize(("over", "equal"), [("items", True), ("items_and_raters", False)])
@pytest.mark.parametrize("figure", ["alpha_unitized"])
def test_intervals_hold_the_truth_about_as_often_as_they_say(over, equal, figure):
    """Of 20 studies of 40 texts at least 16 (.80): fewer would have a chance below 1 % at .95."""
    held = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        looks = studied(rng, 40, 12, skills(rng, 12, equal))
        found = rows_of(*looks, length=100, over=over)["place", None].estimates[figure]
        held += found.low <= TRUTHS[figure] <= found.high
    assert held >= 16
