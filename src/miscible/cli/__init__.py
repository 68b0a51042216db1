"""The command line: one verb a job."""

from ._app import main

__all__ = ["main"]
