"""Near-duplicates among everything seen: which earlier item says almost the same, in any script."""

from ml_backend.near_duplicates.index import Index
from ml_backend.near_duplicates.minhash import VERSION
from ml_backend.near_duplicates.model import Entry, Match, Nearest
from ml_backend.near_duplicates.shingles import LONGEST, normalise

__all__ = ["LONGEST", "VERSION", "Entry", "Index", "Match", "Nearest", "normalise"]
