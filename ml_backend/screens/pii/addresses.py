"""E-mail addresses and addresses of machines."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

import regex

from ml_backend.screens.pii.found import Found

_LONGEST_LOCAL = 64
# Letters of scripts that part their words first: in others the words before an address would run into it.
_LOCAL = regex.compile(r"[\p{Latin}\p{M}0-9._%+'!#$&*/=?^{|}~-]+\Z")
_ANY_LOCAL = regex.compile(r"[\p{L}\p{M}0-9._%+-]+\Z")
_DOMAIN = regex.compile(
    r"(?:[\p{Latin}0-9](?:[\p{Latin}\p{M}0-9-]{0,62})\.){1,8}(?:[a-zA-Z]{2,24}|xn--[a-zA-Z0-9-]{2,59})"
)
_ANY_DOMAIN = regex.compile(r"(?:[\p{L}\p{M}0-9-]{1,63}\.){1,8}[\p{L}\p{M}]{2,24}")

_IPV4 = regex.compile(r"(?<![\w.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?!\.?\w)")
_SMALL = regex.compile(r"(?:(?:[0-2]?[0-9]|3[01])(?:\.|\Z)){4}")
_IPV6 = regex.compile(r"(?<![\w.])[0-9a-fA-F:]{3,45}(?:(?<=:)[0-9]{1,3}(?:\.[0-9]{1,3}){3})?(?!\w)")


def find_emails(text: str) -> Iterator[Found]:
    """Addresses with a domain of two parts or more; names may be in any script.

    >>> [text[each.start : each.end] for text in ["Mail ana.b@example.org."] for each in find_emails(text)]
    ['ana.b@example.org']
    """
    at = text.find("@")
    while at >= 0:
        before = text[max(0, at - _LONGEST_LOCAL) : at]
        local = _LOCAL.search(before) or _ANY_LOCAL.search(before)
        domain = _DOMAIN.match(text, at + 1) or _ANY_DOMAIN.match(text, at + 1)
        name = local[0].lstrip(".'!#$&*/=?^{|}~-") if local else ""
        if name and domain:
            yield Found(at - len(name), domain.end(), "email", 0.9)
        at = text.find("@", at + 1)


def find_ips(text: str) -> Iterator[Found]:
    """Addresses that are reachable from anywhere: private, local and reserved ones tell nothing of a person.

    Four numbers below 32 are rather those of a section or a version.

    >>> [each.start for each in find_ips("not 192.168.1.1 but 185.199.108.153")]
    [20]
    """
    for found in _IPV4.finditer(text):
        if _is_global(found[0]) and not _SMALL.fullmatch(found[0]):
            yield Found(found.start(), found.end(), "ip", 0.6)
    for found in _IPV6.finditer(text):
        # A colon before or after it may be one of the sentence.
        start = found.start() + (found[0][:1] == ":" != found[0][1:2])
        end = found.end() - (found[0][-1:] == ":" != found[0][-2:-1])
        if text.count(":", start, end) > 1 and _is_global(text[start:end]):
            yield Found(start, end, "ip", 0.6)


def _is_global(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_global
    except ValueError:
        return False
