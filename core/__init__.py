"""Microloom's science: micrographs in, measured volumes out. No Qt, no vispy."""

__version__ = "0.1.0"
