"""The command models: what comes with the program, what it makes and how well."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.reconstruction.shipped import ShippedModel


def models(options: argparse.Namespace) -> int:
    """List the models; returns the exit code."""
    from core.reconstruction.shipped import shipped_models

    found = shipped_models()
    if options.json:
        print(json.dumps([facts_of(model) for model in found], indent=1))
        return 0
    for model in found:
        print("\n".join(lines_of(model)))
    if not found:
        print("No model comes with this copy of Microloom.")
    return 0


def facts_of(model: ShippedModel) -> dict[str, Any]:
    """Everything that is listed, as JSON values."""
    training: Mapping[str, Any] = model.card.get("training", {})
    return {
        "name": model.name,
        "file": str(model.path),
        "engine": model.card.get("engine"),
        "seed": model.card.get("seed"),
        "iterations": training.get("iterations"),
        "training_seconds": training.get("seconds"),
        "made_of": model.card.get("made_of", {}),
        "classes": [
            {"name": name, "fractions": list(model.told(name)), "judged": dict(model.facts(name))}
            for name in model.classes
        ],
    }


def lines_of(model: ShippedModel) -> list[str]:
    """The same as text."""
    facts = facts_of(model)
    made = facts["made_of"]
    told = f", {made['images']} images a class of {made['edge']}² pixels" if made else ""
    shown = [
        f"{model.name}: {facts['engine']}, {facts['iterations']} iterations in {facts['training_seconds'] / 60:.0f} min"
        f"{told}, seed {facts['seed']}"
    ]
    for entry in facts["classes"]:
        mean, low, high = entry["fractions"]
        line = f"  {entry['name']:<12} {100 * low:3.0f} to {100 * high:3.0f} %, {100 * mean:.0f} % where none is asked"
        judged = entry["judged"]
        if judged:
            line += (
                f"; ε of S2 {judged['epsilon_s2']:.1f} %, of L {judged['epsilon_l']:.1f} %, Fréchet distance "
                f"{judged['frechet']:.2f}"
            )
        shown.append(line)
    spaces = {entry["judged"].get("space") for entry in facts["classes"]} - {None}
    shown += [f"  Fréchet distance in the space of {space}" for space in sorted(spaces)]
    return shown
