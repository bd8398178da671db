"""Swear words, insults and slurs, by lists in the language of the text.

A list sees words, not meaning: it is no guard.
"""

from ml_backend.screens.profanity.screen import ProfanityScreen

__all__ = ["ProfanityScreen"]
