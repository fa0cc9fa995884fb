"""The templates of the views; every value is escaped, except HTML that another view made."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from .styles import entity_style, novelty_name, relation_style

FOLDER = Path(__file__).resolve().parent
ENVIRONMENT = Environment(
    loader=FileSystemLoader(FOLDER), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=True
)
ENVIRONMENT.filters |= {"entity_style": entity_style, "relation_style": relation_style, "novelty_name": novelty_name}


def rendered(name: str, **values: Any) -> str:
    """Return the HTML of a template of this folder."""
    return ENVIRONMENT.get_template(f"{name}.j2").render(values)
