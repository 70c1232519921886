"""Spatial-location masks: how much of a phase there shall be at each place of a volume."""

from core.masks.mask import Mask

__all__ = ["Mask"]
