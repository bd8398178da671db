"""Words in any script: what error rates are given per 1,000 of."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.word_count import word_count


@pytest.mark.parametrize(
    ("text", "locale", "words"),
    [
        ("", "en-US", 0.0),
        ("… — !", "en-US", 0.0),
        ("Don't panic, it's 3.14 o'clock!", "en-US", 5.0),
        ("well-known", "en-US", 2.0),
        ("1,000.5 Euro", "de-DE", 2.0),
        ("한국어 문장입니다.", "ko-KR", 2.0),
        ("שלום עולם", "he-IL", 2.0),
        ("مرحبا بالعالم", "ar-EG", 2.0),
        ("नमस्ते दुनिया", "hi-IN", 2.0),
        ("👩‍👩‍👧 ok", "en-US", 1.0),
    ],
)
def test_words_are_those_of_the_default_rules(text, locale, words):
    """Where words stand apart, UAX #29 tells them; what holds no letter or digit is none."""
    assert word_count(text, locale) == words


@pytest.mark.parametrize(
    ("text", "locale", "words"),
    [
        ("今天天气很好，我们去公园散步吧。", "zh-CN", 14 / 2.8),
        ("今日は良い天気です。", "ja-JP", 9 / 3),
        ("コーヒー", "ja-JP", 4 / 3),
        ("สวัสดีครับ", "th-TH", 10 / 6),
        ("ສະບາຍດີ", "lo-LA", 7 / 6),
        ("မြန်မာ", "my-MM", 6 / 6),
    ],
)
def test_scripts_without_spaces_are_counted_by_the_length_of_a_word(text, locale, words):
    """Characters by 2.8 in Chinese, 3 in Japanese, 6 in Thai and its neighbours (GMX-V 2.0); punctuation is none."""
    assert word_count(text, locale) == pytest.approx(words)


def test_scripts_in_one_text_are_counted_each_in_its_way():
    """A Latin word within Japanese is one word; Han in a Japanese text is Japanese."""
    assert word_count("iPhone 15を買う", "ja-JP") == pytest.approx(2 + 3 / 3)
    assert word_count("东京 Tokyo ไทย", "zh-TW") == pytest.approx(2 / 2.8 + 1 + 3 / 6)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
def test_two_paragraphs_have_the_words_of_both(first, second):
    """Words of a text are those of its parts, where a line break stands between them."""
    assert word_count(f"{first}\n\n{second}", "ja-JP") == pytest.approx(
        word_count(first, "ja-JP") + word_count(second, "ja-JP")
    )
