"""What works in a label config on Label Studio Community.

The server accepts any tag, and the browser then shows "Tag not registered" to the annotator. So we keep our own
list, of the tags seen to work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from xml.etree import ElementTree as ET

from plugins.errors import InvalidConfig

LAYOUT = frozenset({"View", "Style", "Header", "Collapse", "Panel", "Markdown", "Repeater"})
OBJECTS = frozenset({"Text", "HyperText", "Paragraphs", "List", "Table"})
OPTIONS = frozenset({"Choice", "Label", "Bucket"})
CONTROLS = frozenset(
    {
        "Choices",
        "DateTime",
        "HyperTextLabels",
        "Labels",
        "Number",
        "Pairwise",
        "ParagraphLabels",
        "Ranker",
        "Rating",
        "Taxonomy",
        "TextArea",
    }
)


def check_config(xml: str) -> None:
    """Raise InvalidConfig, listing every problem, unless Label Studio Community would show this config as meant.

    Checked: tags, unique names, that every `toName` names an object, and that no two options of a control share a
    value or alias, nor any two options a hotkey.

    >>> check_config('<View><Text name="t" value="$t"/><Chat name="c" toName="t"/></View>')  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    plugins.errors.InvalidConfig: label config: <Chat> does not work in Label Studio Community; mend the workflow ...
    """
    try:
        root = ET.fromstring(xml)  # noqa: S314  # our own config: no external entities, and never from a stranger
    except ET.ParseError as error:
        raise InvalidConfig([f"not XML: {error}"]) from error
    problems = [*_tags(root), *_names(root), *_targets(root), *_options(root)]
    if problems:
        raise InvalidConfig(problems)


def codes(xml: str) -> dict[str, set[str]]:
    """The codes each control of a config can export.

    >>> codes('<View><Choices name="c"><Choice value="Ja" alias="yes"/></Choices></View>')
    {'c': {'yes'}}
    """
    root = ET.fromstring(xml)  # noqa: S314  # ours, or what our own project holds
    named = [element for element in root.iter() if element.tag in CONTROLS]
    return {
        control.get("name", ""): {_code(option) for option in control if option.tag in OPTIONS} for control in named
    }


def stars(xml: str) -> dict[str, int]:
    """How many stars each rating of a config has.

    >>> stars('<View><Rating name="fluency" maxRating="5"/></View>')
    {'fluency': 5}
    """
    root = ET.fromstring(xml)  # noqa: S314  # ours, or what our own project holds
    return {rating.get("name", ""): int(rating.get("maxRating", "5")) for rating in root.iter("Rating")}


def _code(option: ET.Element) -> str:
    return option.get("alias", option.get("value", ""))


def _tags(root: ET.Element) -> Iterator[str]:
    known = LAYOUT | OBJECTS | OPTIONS | CONTROLS
    for tag in sorted({element.tag for element in root.iter()} - known):
        yield f"<{tag}> does not work in Label Studio Community"
    if root.tag != "View":
        yield f"the outermost tag is <{root.tag}>, not <View>"


def _names(root: ET.Element) -> Iterator[str]:
    named = [element for element in root.iter() if element.tag in OBJECTS | CONTROLS]
    yield from (f"<{element.tag}> has no name" for element in named if not element.get("name"))
    for name in _repeated(element.get("name", "") for element in named):
        yield f"the name {name!r} is used twice"


def _targets(root: ET.Element) -> Iterator[str]:
    objects = {element.get("name") for element in root.iter() if element.tag in OBJECTS}
    for control in (element for element in root.iter() if element.tag in CONTROLS):
        missing = set(control.get("toName", "").split(",")) - objects
        yield from (f"{control.get('name')!r} points to {name!r}, which is not there" for name in sorted(missing))


def _options(root: ET.Element) -> Iterator[str]:
    for control in (element for element in root.iter() if element.tag in CONTROLS):
        options = [element for element in control if element.tag in OPTIONS]
        words = (word for option in options for word in {option.get("value", ""), option.get("alias", "")} - {""})
        yield from (f"{control.get('name')!r} has {word!r} twice" for word in _repeated(words))
    hotkeys = (option.get("hotkey", "") for option in root.iter() if option.tag in OPTIONS)
    yield from (f"the hotkey {key!r} is used twice" for key in _repeated(hotkeys))


def _repeated(words: Iterable[str]) -> list[str]:
    return sorted(word for word, times in Counter(filter(None, words)).items() if times > 1)
