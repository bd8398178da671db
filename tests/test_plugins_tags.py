"""The tag check: what Label Studio's server lets through and its browser does not show."""

from __future__ import annotations

import pytest

from plugins.errors import InvalidConfig
from plugins.label_studio.tags import check_config, codes

TEXT = '<Text name="t" value="$t"/>'


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('<Chat name="c" toName="t"/>', "<Chat> does not work"),
        ('<ReactCode name="c" toName="t"/>', "<ReactCode> does not work"),
        ('<Choices name="c" toName="u"><Choice value="a"/></Choices>', "'c' points to 'u'"),
        ('<Choices name="c"><Choice value="a"/></Choices>', "'c' points to ''"),
        ('<Choices name="t" toName="t"><Choice value="a"/></Choices>', "the name 't' is used twice"),
        ('<Choices toName="t"><Choice value="a"/></Choices>', "<Choices> has no name"),
        ('<Choices name="c" toName="t"><Choice value="a"/><Choice value="a"/></Choices>', "'c' has 'a' twice"),
        (
            '<Choices name="c" toName="t"><Choice value="a" alias="x"/><Choice value="b" alias="x"/></Choices>',
            "'c' has 'x' twice",
        ),
        (
            '<Labels name="c" toName="t"><Label value="a" alias="b"/><Label value="b" alias="z"/></Labels>',
            "'c' has 'b' twice",
        ),
        (
            '<Labels name="c" toName="t"><Label value="a" hotkey="k"/><Label value="b" hotkey="k"/></Labels>',
            "hotkey 'k' is used twice",
        ),
    ],
)
def test_a_config_that_would_not_work_is_refused_with_the_reason(body: str, problem: str) -> None:
    """Each mistake is named."""
    with pytest.raises(InvalidConfig) as refused:
        check_config(f"<View>{TEXT}{body}</View>")
    assert problem in str(refused.value)


@pytest.mark.parametrize(
    ("xml", "problem"), [("<View>", "not XML"), ('<Text name="t" value="$t"/>', "outermost tag is <Text>")]
)
def test_what_is_no_config_at_all_is_refused(xml: str, problem: str) -> None:
    """Broken XML, or no View around it."""
    with pytest.raises(InvalidConfig, match=problem):
        check_config(xml)


def test_all_problems_are_listed_at_once() -> None:
    """Two mistakes, two sentences."""
    with pytest.raises(InvalidConfig) as refused:
        check_config(f'<View>{TEXT}<Chat name="c" toName="t"/><Rating name="r" toName="x"/></View>')
    assert len(refused.value.problems) == 2


def test_codes_are_the_aliases_and_the_values_without_one() -> None:
    """That is what Label Studio exports."""
    choices = '<Choices name="c" toName="t"><Choice value="Ja" alias="yes"/><Choice value="no"/></Choices>'
    xml = f"<View>{TEXT}{choices}</View>"
    check_config(xml)
    assert codes(xml) == {"c": {"yes", "no"}}
