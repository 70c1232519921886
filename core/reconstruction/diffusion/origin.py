"""What made a picture or volume that a model of this engine generated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core import devices
from core.provenance import Provenance, versions


def generated(card: Mapping[str, Any], asked: Mapping[str, Any], seed: int, device: str) -> Provenance:
    """Of what the model with this card made; ``asked``: what of it, as JSON values."""
    return Provenance(
        "generate with diffusion",
        settings={**asked, "engine_settings": card["settings"]},
        inputs=(Provenance.from_json(card["provenance"]),),
        seed=seed,
        device=devices.title(device),
        versions=dict(versions()),
    )
