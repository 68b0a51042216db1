"""Ready-made real tables."""

from ._catalogue import absolute, describe, load, names, summaries
from ._dataset import Dataset

__all__ = ["Dataset", "absolute", "describe", "load", "names", "summaries"]
