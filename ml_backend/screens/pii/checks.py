"""How numbers are checked: weighted sums, dates and the algorithms of their own that some countries use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Check = Callable[[str], bool]
"""Whether the letters and digits of a number, without separators, fit together."""


@dataclass(frozen=True)
class Digit:
    """A check digit behind a weighted sum: at the sum modulo the length of `answers` stands what it must be.

    It follows the characters that have weights; `answers` with "-" allow no number with that remainder.
    """

    weights: tuple[int, ...]
    answers: str
    alphabet: str = "0123456789"

    def __call__(self, number: str) -> bool:
        """Whether the digit fits."""
        values = (self.alphabet.find(character) for character in number[: len(self.weights)])
        total = sum(weight * value for weight, value in zip(self.weights, values, strict=True))
        return self.answers[total % len(self.answers)] == number[len(self.weights)]


@dataclass(frozen=True)
class Date:
    """A date whose two digits of year, month and day start at these places; day and month may carry a marker."""

    year: int
    month: int
    day: int
    month_modulo: tuple[int, ...] = ()
    day_modulo: int = 100

    def __call__(self, number: str) -> bool:
        """Whether there is such a day in some century."""
        year, month, day = (int(number[at : at + 2]) for at in (self.year, self.month, self.day))
        for modulo in self.month_modulo:
            month %= modulo
        return 1 <= month <= 12 and 1 <= day % self.day_modulo <= _days(year, month)


def _days(year: int, month: int) -> int:
    return (31, 29 if year % 4 == 0 else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]


def luhn(number: str) -> bool:
    """The check of ISO/IEC 7812, over all digits.

    >>> luhn("79927398713"), luhn("79927398710")
    (True, False)
    """
    doubled = [2 * int(digit) for digit in number[-2::-2]]
    return (sum(map(int, number[::-2])) + sum(value - 9 * (value > 9) for value in doubled)) % 10 == 0


def verhoeff(number: str) -> bool:
    """Verhoeff 1969: products in the dihedral group of ten."""
    check = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit)
        for _ in range(place % 8):
            value = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)[value]
        check = _dihedral(check, value)
    return check == 0


def _dihedral(a: int, b: int) -> int:
    turned = (a + b if a < 5 else a - b) % 5
    return turned + 5 * ((a < 5) != (b < 5))


def mod_11_10(number: str) -> bool:
    """ISO/IEC 7064, MOD 11,10."""
    check = 5
    for digit in number:
        check = ((check or 10) * 2 % 11 + int(digit)) % 10
    return check == 1


def repeats_once(number: str) -> bool:
    """Of the first ten digits one stands two or three times, the others once."""
    counts = sorted(number[:10].count(digit) for digit in set(number[:10]))
    return counts[-1] in {2, 3} and counts[:-1] == [1] * (len(counts) - 1)


def not_one_digit(number: str) -> bool:
    """Whether a number is more than one digit over and over."""
    return len(set(number)) > 1


def spanish_letter(number: str) -> bool:
    """The remainder of 23 as a letter; X, Y and Z stand for 0, 1 and 2."""
    digits = number[:-1].translate(str.maketrans("XYZ", "012"))
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(digits) % 23] == number[-1]


def finnish_letter(number: str) -> bool:
    """The remainder of 31 of date and number as a digit or letter."""
    return "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(number[:6] + number[-4:-1]) % 31] == number[-1]


def french_key(number: str) -> bool:
    """The complement of 97; Corsica is 2A and 2B."""
    digits = number[:-2].replace("2A", "19").replace("2B", "18")
    return 97 - int(digits) % 97 == int(number[-2:])


_FOR_DIGITS = dict(zip("LMNPQRSTUV", "0123456789", strict=True))
_ODD = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)


def italian_letter(number: str) -> bool:
    """Two tables of values, for odd and for even places."""
    values = [int(each) if each.isdigit() else ord(each) - ord("A") for each in number[:-1]]
    total = sum(_ODD[value] if place % 2 == 0 else value for place, value in enumerate(values))
    return ord(number[-1]) - ord("A") == total % 26


def italian_date(number: str) -> bool:
    """Year, a letter for the month, day; letters may stand in for the digits where two people had the same number."""
    year_day = "".join(_FOR_DIGITS.get(each, each) for each in number[6:8] + number[9:11])
    month = "ABCDEHLMPRST".find(number[8]) + 1
    return Date(0, 2, 4, day_modulo=40)(f"{year_day[:2]}{month:02}{year_day[2:]}")


def taiwanese_digit(number: str) -> bool:
    """The letter stands for two digits of the sum."""
    letter = "ABCDEFGHJKLMNPQRSTUVXYWZIO".find(number[0]) + 10
    return Digit((1, 9, 8, 7, 6, 5, 4, 3, 2, 1), "0987654321")(f"{letter}{number[1:]}")


def snils(number: str) -> bool:
    """Two digits: the weighted sum modulo 101."""
    total = sum(weight * int(digit) for weight, digit in zip(range(9, 0, -1), number, strict=False))
    return total % 101 % 100 == int(number[9:])


def egyptian_governorate(number: str) -> bool:
    """Whether there is such a governorate, or 88 for abroad."""
    return 1 <= int(number[7:9]) <= 35 or number[7:9] == "88"


def swedish(number: str) -> bool:
    """A date, whose day may carry 60, and the check of ISO/IEC 7812; the century may stand before."""
    return Date(0, 2, 4, day_modulo=60)(number[-10:]) and luhn(number[-10:])
