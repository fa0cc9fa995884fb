"""PubTator 3's own JSON of one article to equivalent BioC JSON.

It has title and abstract, mentions with start, end, name, type and identifier (called mesh whatever the database), and
relations with mesh1 and mesh2. Offsets count characters of ``title + " " + abstract``.
"""

from collections.abc import Mapping
from typing import Any

from biodir.errors_biodir import ParseError

ARTICLE_KEYS = ("pmid", "title", "abstract", "annotations")


def is_article(value: Any) -> bool:
    """Return whether the JSON value is such an article."""
    return isinstance(value, Mapping) and all(key in value for key in ARTICLE_KEYS)


def bioc_of_article(article: Mapping[str, Any]) -> dict[str, Any]:
    """Return the article as a document of BioC JSON.

    Raises:
        ParseError: a key is missing or holds a value of another kind.
    """
    try:
        title, abstract = article["title"] or "", article["abstract"] or ""
        return {
            "id": str(article["pmid"]),
            "passages": [
                {"infons": {"type": "title"}, "offset": 0, "text": title},
                {"infons": {"type": "abstract"}, "offset": len(title) + 1, "text": abstract},
            ],
            "annotations": [_annotation(*entry) for entry in enumerate(article["annotations"])],
            "relations": [_relation(*entry) for entry in enumerate(article.get("relations") or ())],
        }
    except (KeyError, TypeError) as error:
        raise ParseError(
            f"article {article['pmid']}: {type(error).__name__} {error}; is it one of PubTator 3?"
        ) from error


def _annotation(index: int, entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": str(index),
        "infons": {"type": entry["type"], "identifier": entry["mesh"]},
        "text": entry["name"],
        "locations": [{"offset": entry["start"], "length": entry["end"] - entry["start"]}],
    }


def _relation(index: int, entry: Mapping[str, Any]) -> dict[str, Any]:
    infons = {"type": entry["relation_type"], "entity1": entry["mesh1"], "entity2": entry["mesh2"]}
    return {"id": f"R{index}", "infons": infons}
