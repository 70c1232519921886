"""What the tags of a TIFF say: pixel size, info bar, instrument. One function a dialect, tried in order of trust."""

from __future__ import annotations

import math
from typing import Any
from xml.etree import ElementTree

from core.images.description import Facts, card_facts
from core.images.pixel_size import unit_metres

OME_MARKER = "microloom:"
"""What the description of an OME-TIFF begins with where it is a card."""

_PLAUSIBLE = (1e-12, 1e-2)
_PRINTER_DPI = {72, 75, 90, 96, 100, 120, 144, 150, 180, 200, 240, 300, 350, 400, 600, 720, 1200, 2400}


def tiff_facts(file: Any) -> Facts:
    """Pixel size (metres), voxel size, first row of the info bar and notes, from an open `tifffile.TiffFile`.

    A tag that is broken or implausible says nothing.
    """
    facts: Facts = {"notes": {}}
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


def _microloom(file: Any) -> Facts:
    if file.is_imagej and file.imagej_metadata:
        return card_facts(file.imagej_metadata.get("microloom"))
    if file.is_ome and file.ome_metadata:
        for node in ElementTree.fromstring(file.ome_metadata).iter():
            if node.tag.endswith("Description") and node.text and node.text.startswith(OME_MARKER):
                return card_facts(node.text[len(OME_MARKER) :])
    return {}


def _fei(file: Any) -> Facts:
    data = file.fei_metadata
    if not data:
        return {}
    scan = data.get("Scan", {}) or data.get("EScan", {})
    facts: Facts = {"notes": {"Instrument": str(data.get("System", {}).get("SystemType", "FEI"))}}
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


def _zeiss(file: Any) -> Facts:
    data = file.sem_metadata
    if not data:
        return {}
    facts: Facts = {"notes": {"Instrument": "Zeiss SEM"}}
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


def _ome(file: Any) -> Facts:
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
    facts: Facts = {}
    if "X" in sizes:
        facts["pixel_size"] = sizes["X"]
        facts["notes"] = _not_square(sizes["X"], sizes.get("Y", sizes["X"]))
    if len(sizes) == 3:
        facts["voxel_size"] = (sizes["Z"], sizes["Y"], sizes["X"])
    return facts


def _imagej(file: Any) -> Facts:
    if not file.is_imagej:
        return {}
    data = file.imagej_metadata or {}
    metres = unit_metres(str(data.get("unit", "")))
    x, y = _per_unit(file, "XResolution"), _per_unit(file, "YResolution")
    # ImageJ turns the dots per inch of a picture from elsewhere into a scale in inches
    if not metres or not x or (metres >= 0.01 and _is_printers(x * 0.0254 / metres)):
        return {}
    across, down = metres / x, metres / (y or x)
    facts: Facts = {"pixel_size": across, "notes": _not_square(across, down)}
    spacing = data.get("spacing")
    if spacing and float(spacing) > 0:
        facts["voxel_size"] = (float(spacing) * metres, down, across)
    return facts


def _resolution(file: Any) -> Facts:
    if file.is_imagej or file.is_ome:
        return {}
    x = _per_unit(file, "XResolution")
    unit = file.pages[0].tags.get("ResolutionUnit")
    if not x or unit is None:
        return {}
    metres = {2: 0.0254, 3: 0.01}.get(int(unit.value))
    if metres is None:
        return {}
    # a screen's or printer's dots say nothing about the sample, and nor does anything coarser than 50 µm
    if _is_printers(x * 0.0254 / metres) or metres / x > 5e-5:
        return {}
    return {"pixel_size": metres / x}


def _is_printers(per_inch: float) -> bool:
    return any(math.isclose(per_inch, dpi, rel_tol=5e-3) for dpi in _PRINTER_DPI)


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
