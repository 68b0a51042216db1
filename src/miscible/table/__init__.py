"""What the user owns, validated."""

from ._property import Kind, Property, Transform, output_slices
from ._table import InputSpec, Table

__all__ = ["InputSpec", "Kind", "Property", "Table", "Transform", "output_slices"]
