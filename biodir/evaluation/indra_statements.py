"""Statements of INDRA, such as those of indra-bert, to relations between spans.

Read are statements as `get_json_indra_stmts` of indra-bert and `Statement.to_json` of INDRA give them, and what
`extract_structured_statements` of indra-bert returns (``original_text``, ``stmt_pred``, ``role_pred``). Offsets count
characters of the sentence, which is looked for in the text of gold.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product
from typing import Any

from biodir.document_biodir import Document
from biodir.document_parts_biodir import is_integer
from biodir.errors_biodir import AnnotationError
from biodir.evaluation.linking import SpanEnd, SpanRelation, score_of

# Roles of the subject and of the object of a statement.
ROLES = (
    *(("subj", "obj"), ("enz", "sub"), ("enz", "substrate"), ("obj_from", "obj_to")),
    *(("gef", "ras"), ("gap", "ras")),
)
MEMBERS = "members"
# Namespaces of INDRA whose identifiers corpora such as BioRED have.
NAMESPACES = ("EGID", "MESH", "OMIM", "TAXONOMY", "DBSNP", "CVCL")
ONE_AGENT = "statements of INDRA with fewer than two agents, which relate nothing, left out"


def is_statement(value: Any) -> bool:
    """Return whether a JSON value is a statement of INDRA or of indra-bert.

    >>> is_statement({"type": "Complex", "members": [], "evidence": [{"text": "A binds B."}]})
    True
    """
    if not isinstance(value, Mapping):
        return False
    is_plain = isinstance(value.get("type"), str) and isinstance(value.get("evidence"), list)
    return is_plain or {"original_text", "role_pred"} <= value.keys()


def document_ids(statement: Mapping[str, Any]) -> list[str]:
    """Return the documents that the evidence of a statement names: by pmid, PMID of text_refs, or document."""
    found = []
    for evidence in _evidence(statement):
        references, annotations = (evidence.get(key) for key in ("text_refs", "annotations"))
        of_references = references.get("PMID") if isinstance(references, Mapping) else None
        of_annotations = annotations.get("document") if isinstance(annotations, Mapping) else None
        for value in (evidence.get("pmid"), of_references, of_annotations):
            if isinstance(value, (str, int)) and str(value).strip():
                found.append(str(value).strip())
                break
    return list(dict.fromkeys(found))


def statement_relations(statement: Mapping[str, Any], gold: Document, place: str) -> Iterator[SpanRelation]:
    """Yield the relations of a statement in a document: of the agents with roles, or of every two members.

    Raises:
        AnnotationError: an agent is no mapping with a name, or the score is none.
    """
    if "role_pred" in statement:
        kind, score, agents = _structured(statement, gold, place)
    else:
        kind, score = str(statement.get("type") or ""), score_of(statement.get("belief"), place)
        agents = _agents(statement, gold, place)
    members = [end for role, ends in agents.items() if role.split(".")[0] == MEMBERS for end in ends]
    for first, second in combinations(members, 2):
        yield SpanRelation(kind, first, second, False, score, place)
    for subject, object_ in ROLES:
        for first, second in product(agents.get(subject, ()), agents.get(object_, ())):
            yield SpanRelation(kind, first, second, True, score, place)


def _structured(
    statement: Mapping[str, Any], gold: Document, place: str
) -> tuple[str, float | None, dict[str, list[SpanEnd]]]:
    """Return type, score and agents of what `extract_structured_statements` returns."""
    predicted, roles = statement.get("stmt_pred") or {}, (statement.get("role_pred") or {}).get("roles")
    kind = statement.get("stmt_label") or predicted.get("label") or ""
    sentence = gold.text.find(str(statement["original_text"]))
    agents: dict[str, list[SpanEnd]] = {}
    for each in roles or ():
        if not isinstance(each, Mapping) or not isinstance(each.get("text"), str):
            raise AnnotationError(f"{place}: the role {repr(each)[:60]} is no mapping with role, text, start and end")
        span = _span(sentence, (each.get("start"), each.get("end")))
        agents.setdefault(str(each.get("role")), []).append(SpanEnd(each["text"], *span))
    return str(kind), score_of(predicted.get("confidence"), place), agents


def _agents(statement: Mapping[str, Any], gold: Document, place: str) -> dict[str, list[SpanEnd]]:
    """Return role -> agents, each at its place in the first evidence that names one."""
    found: dict[str, list[SpanEnd]] = {}
    for role, value in statement.items():
        if role.split(".")[0] != MEMBERS and role not in {name for names in ROLES for name in names}:
            continue
        agents = value if isinstance(value, list) else [value]
        for agent in filter(None, agents):
            named = agent.get("concept", agent) if isinstance(agent, Mapping) else agent  # of an event, in Influence
            if not isinstance(named, Mapping) or not isinstance(named.get("name"), str):
                raise AnnotationError(f"{place}: the {role} is {repr(agent)[:60]}, not an agent with a name")
            found.setdefault(role, []).append(_agent(named, statement, gold))
    return found


def _agent(agent: Mapping[str, Any], statement: Mapping[str, Any], gold: Document) -> SpanEnd:
    references = agent.get("db_refs") or {}
    identifiers = tuple(str(references[name]) for name in NAMESPACES if references.get(name))
    text = str(references.get("TEXT") or agent["name"])
    for evidence in _evidence(statement):
        agents = (evidence.get("annotations") or {}).get("agents") or {}
        sentence = gold.text.find(str(evidence.get("text") or "\0"))
        named: Sequence[Any] = agents.get("raw_text") or ()
        for name, coordinates in zip(named, agents.get("coords") or (), strict=False):
            if name == text and coordinates and sentence >= 0:
                return SpanEnd(text, *_span(sentence, coordinates), identifiers=identifiers)
    return SpanEnd(text, identifiers=identifiers)


def _span(sentence: int, coordinates: Sequence[Any]) -> tuple[int | None, int | None]:
    """Return the span in the text of gold; nothing where the sentence is not there."""
    if sentence < 0 or len(coordinates) != 2 or not all(map(is_integer, coordinates)):
        return None, None
    return sentence + coordinates[0], sentence + coordinates[1]


def _evidence(statement: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from (each for each in statement.get("evidence") or () if isinstance(each, Mapping))
