"""The ML backend: pre-screening and model responses for Label Studio, as a Flask service."""

from ml_backend.app import create_app
from ml_backend.config import Config

__all__ = ["Config", "create_app"]
