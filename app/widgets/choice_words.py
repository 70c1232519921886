"""What the values of settings are called on screen. Files, reports and the command line keep the values themselves."""

from __future__ import annotations

from typing import Any

from core.settings import describe

_NAMES = {
    "otsu": "Otsu", "multi-otsu": "Multi-Otsu", "adaptive gaussian": "Adaptive Gaussian",
    "ddim": "DDIM", "ddpm": "DDPM", "dpm-solver++": "DPM-Solver++", "sde-dpm-solver++": "SDE-DPM-Solver++",
    "auto": "Automatic", "swnn": "SWNN",
}  # fmt: skip
"""Names that are written in their own way, and values that are no words."""
_PROPER = ("Gaussian", "Sauvola's", "Adam's", "Muon's")
_TYPES = {
    "bool": "black and white", "uint8": "8 bits", "int8": "8 bits", "uint16": "16 bits", "int16": "16 bits",
    "uint32": "32 bits", "int32": "32 bits", "float16": "16 bits, floating", "float32": "32 bits, floating",
    "float64": "64 bits, floating",
}  # fmt: skip


def words_of(value: Any, unit: str = "") -> str:
    """A setting's value as a list offers it; None: the program chooses."""
    if value is None:
        return "Automatic"
    text = str(value)
    if isinstance(value, (int, float)):
        return f"{text} {unit}".strip()
    return _NAMES.get(text) or (text[0].upper() + text[1:] if len(text) > 1 else text)


def type_words(dtype: Any) -> str:
    """A type of grey values as people say it: "8 bits" for uint8."""
    return _TYPES.get(str(dtype), str(dtype))


def gesture_words(settings: Any, name: str) -> str:
    """What a change of the field ``name`` is called in the history and beside Undo."""
    label = next((spec.label for spec in describe(settings) if spec.name == name), name.replace("_", " "))
    return label if label.startswith(_PROPER) or label[1:2].isupper() else label[0].lower() + label[1:]
