"""Valid personal data and secrets, drawn at random.

Telephone numbers are of the plans of phonenumbers. National numbers are those that python-stdnum accepts where it knows
their kind, else those that the published check accepts. None belongs to anyone known.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from importlib import import_module
from string import ascii_letters, ascii_lowercase, ascii_uppercase, digits

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from ml_backend.screens.pii.checks import luhn
from ml_backend.screens.pii.national_ids import NationalId, ids_of

Draw = random.Random

# The zero of the digits that people write numbers with, beside ASCII.
ZEROS = {"ar": "٠", "fa": "۰", "ur": "۰", "hi": "०", "bn": "০", "th": "๐", "ja": "０"}

_PEERS = {
    "CUIT": "ar.cuit",
    "CPF": "br.cpf",
    "SIN": "ca.sin",
    "resident identity number": "cn.ric",
    "rodné číslo": "cz.rc",
    "tax identification number": "de.idnr",
    "DNI": "es.dni",
    "NIE": "es.nie",
    "hetu": "fi.hetu",
    "NIR": "fr.nir",
    "NHS number": "gb.nhs",
    "AMKA": "gr.amka",
    "Aadhaar": "in_.aadhaar",
    "codice fiscale": "it.codicefiscale",
    "My Number": "jp.in_",
    "resident registration number": "kr.rrn",
    "CURP": "mx.curp",
    "BSN": "nl.bsn",
    "fødselsnummer": "no.fodselsnummer",
    "PESEL": "pl.pesel",
    "NIF": "pt.nif",
    "CNP": "ro.cnp",
    "INN": "ru.inn",
    "personnummer": "se.personnummer",
    "T.C. kimlik no": "tr.tckimlik",
    "RNTRC": "ua.rntrc",
    "SSN": "us.ssn",
}
_PEERS_BY_REGION = {("IL", "identity number"): "il.idnr", ("TH", "identity number"): "th.pin"}


def emails(draw: Draw) -> str:
    """A name of letters and digits at a domain of two or three parts."""
    name = (
        _of(draw, ascii_lowercase, 5) + draw.choice([".", "_", "-", "+", ""]) + _of(draw, ascii_lowercase + digits, 4)
    )
    return f"{name}@{_of(draw, ascii_lowercase, 7)}.{draw.choice(['com', 'org', 'co.uk', 'com.br', 'de', 'in', 'io'])}"


def cards(draw: Draw) -> str:
    """A number of a large issuer, whole or in groups of four."""
    start = draw.choice(["4", "51", "55", "2221", "6011", "3530", "6221", "2200"])
    number = _checked(draw, start, 16)
    groups = [number[at : at + 4] for at in range(0, 16, 4)]
    return draw.choice(["", " ", "-"]).join(groups)


def _checked(draw: Draw, start: str, length: int) -> str:
    body = start + _of(draw, digits, length - len(start) - 1)
    return next(body + last for last in digits if luhn(body + last))


def ibans(draw: Draw) -> str:
    """An account number with its two check digits, whole or in groups of four."""
    country, length = draw.choice([("DE", 22), ("FR", 27), ("ES", 24), ("PL", 28), ("SA", 24), ("NO", 15), ("BR", 29)])
    account = _of(draw, digits, length - 4)
    check = 98 - int("".join(str(int(each, 36)) for each in f"{account}{country}00")) % 97
    number = f"{country}{check:02}{account}"
    return draw.choice(["", " "]).join(number[at : at + 4] for at in range(0, length, 4))


def ips(draw: Draw) -> str:
    """A public address of version 4 or 6."""
    four = ".".join(str(draw.choice([45, 62, 91, 151, 185]) if at == 0 else draw.randint(1, 254)) for at in range(4))
    six = "2a02:" + ":".join(_of(draw, "123456789abcdef", 4) for _ in range(7))
    return draw.choice([four, six])


def secrets(draw: Draw) -> str:
    """A key or token in the form of an issuer, a token of the web, or an address with a password."""
    letters = ascii_letters + digits
    return draw.choice(
        [
            "gh" + "p_" + _of(draw, letters, 36),
            "AK" + "IA" + _of(draw, ascii_uppercase + "234567", 16),
            "sk" + "-proj-" + _of(draw, letters, 48),
            "xox" + "b-" + _of(draw, digits, 12) + "-" + _of(draw, letters, 24),
            "AI" + "za" + _of(draw, letters, 35),
            "hf" + "_" + _of(draw, letters, 34),
            "ey" + "J" + _of(draw, letters, 30) + ".ey" + "J" + _of(draw, letters, 60) + "." + _of(draw, letters, 43),
            f"https://{_of(draw, ascii_lowercase, 6)}:{_of(draw, letters, 10)}@example.org/",
        ]
    )


EVERYWHERE: dict[str, Callable[[Draw], str]] = {
    "email": emails,
    "card": cards,
    "iban": ibans,
    "ip": ips,
    "secret": secrets,
}


def phones(draw: Draw, region: str) -> Iterator[str]:
    """Numbers of the region's plan, mobile and fixed, as written there and internationally."""
    while True:
        kind = draw.choice([PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE])
        number = phonenumbers.example_number_for_type(region, kind) or phonenumbers.example_number(region)
        number.national_number = number.national_number // 10_000 * 10_000 + draw.randrange(10_000)
        if phonenumbers.is_valid_number_for_region(number, region):
            form = draw.choice([PhoneNumberFormat.NATIONAL, PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.E164])
            yield phonenumbers.format_number(number, form)


def national_ids(draw: Draw, region: str) -> Iterator[str]:
    """Numbers of each kind of the region in turn; none where there is no kind."""
    kinds = ids_of(region)
    while kinds:
        for kind in kinds:
            yield next(number for number in _candidates(draw, kind) if _accepted(kind, number))


def _accepted(kind: NationalId, number: str) -> bool:
    module = _PEERS_BY_REGION.get((kind.region, kind.name)) or _PEERS.get(kind.name)
    return bool(import_module(f"stdnum.{module}").is_valid(number)) if module else kind.valid(number)


def _candidates(draw: Draw, kind: NationalId) -> Iterator[str]:
    """Letters and digits in the usual form, for ever; a date where one belongs."""
    while True:
        yield "".join(_piece(draw, each) for each in _FORMS[kind.region, kind.name].split("|"))


def _piece(draw: Draw, form: str) -> str:
    if form in {"ymd", "dmy"}:
        year, month, day = f"{draw.randint(50, 99)}", f"{draw.randint(1, 12):02}", f"{draw.randint(1, 28):02}"
        return year + month + day if form == "ymd" else day + month + year
    if len(form) > 1 and form[0] == "=":
        return draw.choice(form[1:].split(","))
    among = {"9": digits, "A": ascii_uppercase, "*": digits + ascii_uppercase, "B": "BCDFGHJKLMNPQRSTVWXZ"}
    return "".join(draw.choice(among[each]) if each in among else each for each in form)


# 9 a digit, A a letter, B a consonant, * either, ymd and dmy a date, = one of these.
_FORMS = {
    ("AR", "CUIT"): "=20,23,27|-99999999-9",
    ("BR", "CPF"): "999.999.999-99",
    ("CA", "SIN"): "=1,4,5,7|99 999 999",
    ("CN", "resident identity number"): "=110101,310101,440301|=19|ymd|9999",
    ("CZ", "rodné číslo"): "ymd|/9999",
    ("DE", "tax identification number"): "99999999999",
    ("DK", "CPR"): "dmy|-9999",
    ("EG", "national number"): "2|ymd|=01,12,21,88|99999",
    ("ES", "DNI"): "99999999A",
    ("ES", "NIE"): "=X,Y,Z|9999999A",
    ("FI", "hetu"): "dmy|-|=1,2,3|99*",
    ("FR", "NIR"): "=1,2|99|=01,05,12|9999999999",
    ("GB", "NHS number"): "999 999 9999",
    ("GB", "National Insurance number"): "=AB,CE,JP|999999|=A,B,C,D",
    ("GR", "AMKA"): "dmy|99999",
    ("HU", "TAJ"): "999 999 999",
    ("HU", "tax number"): "8999999999",
    ("ID", "NIK"): "=317401,327301|dmy|9999",
    ("IL", "identity number"): "999999999",
    ("IN", "Aadhaar"): "=2,3,9|999 9999 9999",
    ("IN", "PAN"): "AAA|=P,C,H|A9999A",
    ("IR", "national number"): "9999999999",
    ("IT", "codice fiscale"): "BBBBBB|=85,90|=A,C,T|=12,45,68|=F205,H501|A",
    ("JP", "My Number"): "9999 9999 9999",
    ("KR", "resident registration number"): "ymd|-|=1,2|=00,23,41|9999",
    ("MX", "CURP"): "B|=A,E,U|BB|ymd|=H,M|=DF,JC,NL|BBB09",
    ("NL", "BSN"): "999999999",
    ("NO", "fødselsnummer"): "dmy|=1,2,3|9999",
    ("PK", "CNIC"): "=3,4|9999-9999999-|=1,2,3",
    ("PL", "PESEL"): "ymd|99999",
    ("PT", "NIF"): "=2,1|99999999",
    ("RO", "CNP"): "=1,2|ymd|=12,40|9999",
    ("RU", "INN"): "999999999999",
    ("RU", "SNILS"): "999-999-999 99",
    ("SA", "identity number"): "=1,2|999999999",
    ("SE", "personnummer"): "ymd|-9999",
    ("TH", "identity number"): "=1,3,5|-9999-99999-99-9",
    ("TR", "T.C. kimlik no"): "=1,3,5|9999999999",
    ("TW", "identity number"): "A|=1,2|99999999",
    ("UA", "RNTRC"): "=2,3|999999999",
    ("US", "SSN"): "=123,456,078|-99-9999",
}


def _of(draw: Draw, among: str, count: int) -> str:
    return "".join(draw.choices(among, k=count))
