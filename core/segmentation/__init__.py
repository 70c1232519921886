"""Denoise, thresholds, clean-up: from a micrograph to a phase image."""
