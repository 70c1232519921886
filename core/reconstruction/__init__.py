"""Engines: from a target to a model."""
