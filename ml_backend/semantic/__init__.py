"""Prompts that say the same in other words, found with a sentence-transformers model."""

from ml_backend.semantic.calibration import Calibration, missing
from ml_backend.semantic.encoder import Encoder
from ml_backend.semantic.index import Answer, Nearest, Read, SemanticIndex

__all__ = ["Answer", "Calibration", "Encoder", "Nearest", "Read", "SemanticIndex", "missing"]
