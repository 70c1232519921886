"""Micrograph, PhaseImage and Volume; reading, writing, pixel size."""
