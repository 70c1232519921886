"""What the tags of a TIFF say: pixel size, info bar, instrument. One function a dialect, tried in order of trust."""

from __future__ import annotations

import json
import math
from typing import Any
from xml.etree import ElementTree

from core.images.pixel_size import unit_metres

_PLAUSIBLE = (1e-12, 1e-2)
_PRINTER_DPI = {72, 75, 90, 96, 100, 120, 144, 150, 180, 200, 240, 300, 350, 400, 600, 720, 1200, 2400}


def tiff_facts(file: Any) -> dict[str, Any]:
    """Pixel size (metres), voxel size, first row of the info bar and notes, from an open `tifffile.TiffFile`.

    Keys: ``notes`` always; ``pixel_size``, ``voxel_size``, ``info_bar_row``, ``microloom`` where known.
    """
    facts: dict[str, Any] = {"notes": {}}
    for dialect in (_microloom, _fei, _zeiss, _ome, _imagej, _resolution):
        try:
            found = dialect(file)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, ElementTree.ParseError):
            continue  # a broken tag says nothing
        facts["notes"] |= found.pop("notes", {})
        for key, value in found.items():
            facts.setdefault(key, value)
    size = facts.get("pixel_size")
    if size is not None and not _PLAUSIBLE[0] <= size <= _PLAUSIBLE[1]:
        del facts["pixel_size"]
    return facts


def _microloom(file: Any) -> dict[str, Any]:
    from core.images.reading import written_facts

    text = ""
    if file.is_imagej and file.imagej_metadata:
        text = str(file.imagej_metadata.get("microloom", ""))
    if not text and file.is_ome and file.ome_metadata:
        marker = "microloom:"
        root = ElementTree.fromstring(file.ome_metadata)
        for node in root.iter():
            if node.tag.endswith("Description") and node.text and node.text.startswith(marker):
                text = node.text[len(marker) :]
    if not text:
        return {}
    return written_facts(json.loads(text))


def _fei(file: Any) -> dict[str, Any]:
    data = file.fei_metadata
    if not data:
        return {}
    scan = data.get("Scan", {}) or data.get("EScan", {})
    facts: dict[str, Any] = {"notes": {"Instrument": str(data.get("System", {}).get("SystemType", "FEI"))}}
    width = scan.get("PixelWidth") or data.get("EScan", {}).get("PixelWidth")
    if width and float(width) > 0:
        facts["pixel_size"] = float(width)
    rows = data.get("Image", {}).get("ResolutionY")
    height = file.pages[0].shape[0]
    if rows and 0 < int(rows) < height:
        facts["info_bar_row"] = int(rows)
    kilovolt = data.get("Beam", {}).get("HV") or data.get("EBeam", {}).get("HV")
    if kilovolt:
        facts["notes"]["Voltage"] = f"{float(kilovolt) / 1000:g} kV"
    return facts


def _zeiss(file: Any) -> dict[str, Any]:
    data = file.sem_metadata
    if not data:
        return {}
    facts: dict[str, Any] = {"notes": {"Instrument": "Zeiss SEM"}}
    for key in ("ap_image_pixel_size", "ap_pixel_size"):
        entry = data.get(key)
        if entry and len(entry) >= 3:
            metres = unit_metres(str(entry[2]))
            if metres:
                facts["pixel_size"] = float(entry[1]) * metres
                break
    for key, title in (("ap_mag", "Magnification"), ("ap_actualkv", "Voltage"), ("ap_wd", "Working distance")):
        entry = data.get(key)
        if entry and len(entry) >= 2:
            facts["notes"][title] = " ".join(str(part) for part in entry[1:])
    return facts


def _ome(file: Any) -> dict[str, Any]:
    if not file.is_ome or not file.ome_metadata:
        return {}
    root = ElementTree.fromstring(file.ome_metadata)
    pixels = next(node for node in root.iter() if node.tag.endswith("}Pixels") or node.tag == "Pixels")
    sizes = {}
    for axis in "XYZ":
        value = pixels.get(f"PhysicalSize{axis}")
        metres = unit_metres(pixels.get(f"PhysicalSize{axis}Unit", "µm"))
        if value and metres and float(value) > 0:
            sizes[axis] = float(value) * metres
    facts: dict[str, Any] = {}
    if "X" in sizes:
        facts["pixel_size"] = sizes["X"]
        facts["notes"] = _not_square(sizes["X"], sizes.get("Y", sizes["X"]))
    if len(sizes) == 3:
        facts["voxel_size"] = (sizes["Z"], sizes["Y"], sizes["X"])
    return facts


def _imagej(file: Any) -> dict[str, Any]:
    if not file.is_imagej:
        return {}
    data = file.imagej_metadata or {}
    metres = unit_metres(str(data.get("unit", "")))
    x, y = _per_unit(file, "XResolution"), _per_unit(file, "YResolution")
    if not metres or not x:
        return {}
    across, down = metres / x, metres / (y or x)
    facts: dict[str, Any] = {"pixel_size": across, "notes": _not_square(across, down)}
    spacing = data.get("spacing")
    if spacing and float(spacing) > 0:
        facts["voxel_size"] = (float(spacing) * metres, down, across)
    return facts


def _resolution(file: Any) -> dict[str, Any]:
    if file.is_imagej or file.is_ome:
        return {}
    x = _per_unit(file, "XResolution")
    unit = file.pages[0].tags.get("ResolutionUnit")
    if not x or unit is None:
        return {}
    metres = {2: 0.0254, 3: 0.01}.get(int(unit.value))
    if metres is None:
        return {}
    per_inch = x * 0.0254 / metres
    # a screen's or printer's dots say nothing about the sample, and so does anything coarser than 50 µm
    if any(math.isclose(per_inch, dpi, rel_tol=5e-3) for dpi in _PRINTER_DPI) or metres / x > 5e-5:
        return {}
    return {"pixel_size": metres / x}


def _per_unit(file: Any, name: str) -> float | None:
    tag = file.pages[0].tags.get(name)
    if tag is None:
        return None
    numerator, denominator = tag.value
    return numerator / denominator if numerator and denominator else None


def _not_square(across: float, down: float) -> dict[str, str]:
    if math.isclose(across, down, rel_tol=0.01):
        return {}
    return {"Pixels": f"not square: {down / across:.3g} times as high as wide; the width is taken"}
