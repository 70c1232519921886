"""Spatial-location masks."""
