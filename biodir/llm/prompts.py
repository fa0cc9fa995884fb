"""What a language model reads: the task, the labels, a document with its entities, and what was wrong in an answer."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from biodir.labels_biodir import PAIR_TYPES
from biodir.llm.questions import Question, Statement

Prompt = Literal["static", "few-shot", "steps"]
Message = dict[str, str]
Example = tuple[Question, Sequence[Statement]]
# The names of an entity that are written, the first ones in the text.
MOST_NAMES = 8

TASK = """\
You read a biomedical text and judge how its entities are related, as a curator does. State a relation only if \
the text states it; what you know from elsewhere does not count. Two entities that are only named together have none.

Types of relations:
- Positive_Correlation: one raises, activates, causes or worsens the other, or raises its risk, or both rise together.
- Negative_Correlation: one lowers, blocks, treats or prevents the other, or one rises where the other falls.
- Association: they are related, but none of the other types is stated; such as a gene that plays a part in a disease.
- Bind: the two bind to each other.
- Drug_Interaction: two drugs that are given together change the effect of each other.
- Cotreatment: two drugs are given together as one treatment.
- Comparison: two drugs or treatments are compared.
- Conversion: one substance becomes the other.

Direction: the subject is the entity that acts, such as the drug that treats, the gene or variant that causes, the \
protein that regulates. The object is what is acted on, such as the disease. Comparison, Cotreatment and most \
Drug_Interaction have no direction.

Novelty: "Novel" if the relation is a finding of this text; "Known" if the text takes it for granted, as background.

Only pairs of these entity types can be related: {pair_types}."""
OF_DOCUMENT = """Answer with one JSON object and nothing else:
{"relations": [{"subject": "E1", "object": "E2", "relation": "Association", "directed": true, "novelty": "Novel"}]}
Entities are named by their keys. A pair has at most one relation. Where a relation has no direction, "directed" is \
false and the order of the two does not matter. If nothing is related, the list is empty."""
OF_PAIR = """Answer with one JSON object and nothing else:
{"relation": "Association", "subject": "E1", "novelty": "Novel"}
"relation" is "None" if the text does not relate the two; "subject" and "novelty" are null then. "subject" is the key \
of the entity that acts, or null where the relation has no direction."""
STEPS = """Work step by step before you decide. Write the steps into a string with the key "reasoning", which comes \
first in the JSON object: name each sentence that relates two of the entities; who acts on whom in it; which type fits \
best; whether it is a finding of this text. Then give the rest of the answer, which agrees with the steps."""
REPAIR = """This answer cannot be used: {faults}.
Answer once more. Correct only this and leave out what is not among the allowed values. Write one JSON object and \
nothing else."""


def messages(question: Question, examples: Iterable[Example] = ()) -> list[Message]:
    """Return the messages of a question, after examples with their answers.

    The task is a part of the first message, since not every model has a role for it.
    """
    turns: list[Message] = []
    for example, statements in examples:
        turns.append(_message("user", shown(example)))
        turns.append(_message("assistant", json.dumps(example.answer(statements), separators=(", ", ": "))))
    turns.append(_message("user", shown(question)))
    turns[0]["content"] = f"{instructions(question)}\n\n{turns[0]['content']}"
    return turns


def instructions(question: Question) -> str:
    """Return the task, which is the same for all questions of a run."""
    pair_types = "; ".join(f"{first} and {second}" for first, second in PAIR_TYPES)
    parts = [TASK.replace("{pair_types}", pair_types)]
    parts += [OF_DOCUMENT if question.unit == "document" else OF_PAIR]
    return "\n\n".join([*parts, STEPS] if question.reasons else parts)


def shown(question: Question) -> str:
    """Return a document with its entities, or with the two of a pair."""
    text = " ".join(question.document.text.split())
    lines = [f"Text: {text}", "", "Entities:" if question.unit == "document" else "How are these two related?"]
    for key, entity in question.entities.items():
        names = dict.fromkeys(" ".join(mention.text.split()) for mention in entity.mentions)
        lines.append(f"{key} ({entity.entity_type}): {'; '.join([*names][:MOST_NAMES])}")
    return "\n".join(lines)


def repair_messages(asked: Sequence[Message], answer: str, faults: Sequence[str]) -> list[Message]:
    """Return the messages of a second question, which names what was wrong in the first answer."""
    wrong = REPAIR.replace("{faults}", "; ".join(faults))
    return [*asked, _message("assistant", answer), _message("user", wrong)]


def _message(role: str, content: str) -> dict[str, Any]:
    return {"role": role, "content": content}
