"""Which material and molecular properties to learn together, which apart, and with which remedy."""

__version__ = "0.1.0"

__all__ = ["__version__"]
