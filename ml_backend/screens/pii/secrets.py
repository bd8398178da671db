"""Keys, tokens and passwords, by the form that their issuers give them."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from ml_backend.screens.pii.found import Found

# Every repetition is bounded, and each form starts with letters of its own.
_FORMS = regex.compile(
    r"""
    -----BEGIN\ [A-Z ]{0,30}PRIVATE\ KEY(?:\ BLOCK)?-----.{0,8000}?(?:-----END\ [A-Z ]{0,30}-----|\Z)
  | (?<![A-Za-z0-9_-])
    (?: (?:AKIA|ASIA|AROA|AIDA|AGPA)[A-Z0-9]{16}                           # Amazon
      | gh[pousr]_[A-Za-z0-9]{36,255} | github_pat_[A-Za-z0-9_]{22,255}    # GitHub
      | gl(?:pat|dt|rt|cbt|ptt)-[A-Za-z0-9_-]{20,100}                      # GitLab
      | xox[abeoprs]-[A-Za-z0-9-]{10,250}                                  # Slack
      | [srp]k_(?:live|test)_[A-Za-z0-9]{16,250} | whsec_[A-Za-z0-9]{24,100}  # Stripe
      | sk-[A-Za-z0-9_-]{20,250}                                           # OpenAI, Anthropic and many others
      | AIza[A-Za-z0-9_-]{35} | ya29\.[A-Za-z0-9_-]{20,500} | GOCSPX-[A-Za-z0-9_-]{28}  # Google
      | hf_[A-Za-z0-9]{30,100} | npm_[A-Za-z0-9]{36} | pypi-[A-Za-z0-9_-]{50,400} | dckr_pat_[A-Za-z0-9_-]{20,100}
      | SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,64} | SK[0-9a-f]{32} | key-[0-9a-f]{32}  # SendGrid, Twilio, Mailgun
      | [0-9]{8,10}:AA[A-Za-z0-9_-]{33}                                    # Telegram
      | shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32} | dop_v1_[0-9a-f]{64} | glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}
      | eyJ[A-Za-z0-9_-]{8,4000}\.eyJ[A-Za-z0-9_-]{4,8000}\.[A-Za-z0-9_-]{0,2000}  # JSON Web Token
    ) (?![A-Za-z0-9_-])
    """,
    regex.VERBOSE | regex.DOTALL,
)
_IN_ADDRESS = regex.compile(r"://([^\s/:@?#]{0,100}:[^\s/@]{1,100})@")
_NAMED = regex.compile(
    r"""(?:api[_ -]?key|secret(?:[_ -]?key)?|access[_ -]?token|auth[_ -]?token|password|passwd|pwd|bearer)
        ["']?\s{0,2}(?:[:=]|\bis\b)?\s{0,2}["']?([A-Za-z0-9_.~+/!@\#$%^&*=-]{8,200})""",
    regex.VERBOSE | regex.IGNORECASE,
)


def find_secrets(text: str) -> Iterator[Found]:
    """Secrets in a plain text: by form, as the password of an address, or named as one and unlike a word.

    >>> [(each.start, each.end) for each in find_secrets("git clone https://me:pa55@example.org/x")]
    [(18, 25)]
    """
    for found in _FORMS.finditer(text):
        yield Found(found.start(), found.end(), "secret", 1.0)
    for found in _IN_ADDRESS.finditer(text):
        yield Found(found.start(1), found.end(1), "secret", 0.9)
    for found in _NAMED.finditer(text):
        if _like_a_secret(found[1]):
            yield Found(found.start(1), found.end(1), "secret", 0.7)


def _like_a_secret(value: str) -> bool:
    """Letters and digits together: no word, and no number alone."""
    return any(each.isdigit() for each in value) and any(each.isalpha() for each in value)
