"""Personal data and secrets in texts of any script, with the place where each stands."""

from ml_backend.screens.pii.screen import PiiScreen

__all__ = ["PiiScreen"]
