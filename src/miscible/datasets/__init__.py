"""Ready-made real tables."""

from ._catalogue import describe, load, names
from ._dataset import Dataset

__all__ = ["Dataset", "describe", "load", "names"]
