"""Pages made from the templates in ``resources/report``."""

from __future__ import annotations

from importlib.resources import files
from typing import Any


def rendered(template: str, **values: Any) -> str:
    """The page ``template`` with ``values`` in their places, escaped; one that is missing is an error."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    pages = Environment(
        loader=FunctionLoader(lambda name: files("resources").joinpath("report", name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return pages.get_template(template).render(**values)
