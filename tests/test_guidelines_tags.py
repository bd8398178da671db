"""Locale tags: canonical form, direction of writing, fallbacks, and the two ways to be wrong."""

from __future__ import annotations

import pytest

from guidelines import ConcordError, MalformedLocale, UnknownLocale, parse_locale


@pytest.mark.parametrize(
    "tag", ["ar-EG", "he-IL", "fa-IR", "ur-PK", "ary-MA", "dv-MV", "pa-PK", "ks-IN", "nqo-GN", "yi"]
)
def test_right_to_left(tag: str) -> None:
    """Arabic, Hebrew, Persian, Urdu and others are written from right to left, with or without data of their own."""
    assert parse_locale(tag).direction == "rtl"


@pytest.mark.parametrize(
    "tag", ["en-US", "de-DE", "ja-JP", "hi-IN", "pa-IN", "ks-Deva-IN", "zh-TW", "arz-Latn-EG", "mn-MN"]
)
def test_left_to_right(tag: str) -> None:
    """The script decides, not the language: Punjabi in India and Kashmiri in Devanagari go from left to right."""
    assert parse_locale(tag).direction == "ltr"


@pytest.mark.parametrize(
    "text", ["", "german", "en_US", "de-", "x", "e1-US", "en-USA", "de-DE ", "ar-EG\n", "../etc", "英-US"]
)
def test_malformed(text: str) -> None:
    """Whatever has not the form of a tag is a MalformedLocale, which is a ValueError."""
    with pytest.raises(MalformedLocale, match="write language-REGION") as caught:
        parse_locale(text)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, ConcordError)


@pytest.mark.parametrize("tag", ["qq-DE", "de-XX", "de-Abcd-DE", "und-US", "mul"])
def test_unknown(tag: str) -> None:
    """A tag of the right form that names no language, script or region is an UnknownLocale, which is a LookupError."""
    with pytest.raises(UnknownLocale, match="check the codes") as caught:
        parse_locale(tag)
    assert isinstance(caught.value, LookupError)


@pytest.mark.parametrize(("text", "tag"), [("EN-us", "en-US"), ("ZH-hANT-tw", "zh-Hant-TW"), ("ES-419", "es-419")])
def test_canonical_case(text: str, tag: str) -> None:
    """Language small, Script with a capital, REGION in capitals, as BCP 47 recommends."""
    assert parse_locale(text).tag == tag


@pytest.mark.parametrize(
    ("tag", "chain"),
    [
        ("fr-CA", ("fr-CA", "fr-Latn", "fr")),
        ("zh-TW", ("zh-TW", "zh-Hant")),
        ("zh-CN", ("zh-CN", "zh-Hans", "zh")),
        ("sr-Latn-RS", ("sr-Latn-RS", "sr-Latn")),
        ("fr", ("fr", "fr-Latn")),
    ],
)
def test_chain(tag: str, chain: tuple[str, ...]) -> None:
    """Fallbacks go from the locale to its language, and never to another script."""
    assert parse_locale(tag).chain == chain
