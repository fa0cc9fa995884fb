"""Writes the model card and the `.eval_results/` file from measured numbers only."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import EvalResultEntry, ModelCardData, eval_result_entries_to_yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from biodir.configuration_biodir import TASK
from biodir.evaluation.scores import FIGURES
from biodir.evaluation.tables import LEVEL_NAMES
from biodir.publishing.card_check import MODEL_CARD
from biodir.publishing.facts import Facts

TEMPLATE = "model_card.md.j2"
EVAL_RESULTS = ".eval_results/bioredirect.yaml"
# The Hub's name of the corpus that the test documents come from; directions were added later, see the card.
BENCHMARK = "bigbio/biored"
BENCHMARK_NAME = "BioREDirect (BioRED with directions)"
TASK_NAME = "Directed biomedical relation extraction"
# The Hub's own name of the tagger's task. It is no tag of the card: it is not what `pipeline` is to load.
MENTION_TASK = "token-classification"
MENTION_TASK_NAME = "Biomedical named entity recognition"
PLAIN_TEXT = "plain text"
TAGS = (
    *("biology", "medical", "named-entity-recognition", "relation-extraction", "directed-relations"),
    *("end-to-end-relation-extraction", "knowledge-graph", "BioRED", "PubTator", "custom_code"),
)


def written_files(facts: Facts, limits: Any) -> dict[str, str]:
    """Return path in the repository -> text of each file that is written from the facts.

    Args:
        limits: the dataclass `Limits` of `handler.py`.
    """
    return {MODEL_CARD: card_text(facts, limits), EVAL_RESULTS: eval_results_text(facts)}


def card_text(facts: Facts, limits: Any) -> str:
    """Return the model card: metadata, then prose with tables."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # Markdown; every value is our own
    )
    filters: dict[str, Callable[[Any], str]] = {
        "percent": lambda share: f"{100 * share:.2f}",
        "share": lambda share: f"{100 * share:.1f}",
        "thousands": lambda number: f"{number:,}",
        "names": lambda values: " and ".join(filter(None, [", ".join(values[:-1]), values[-1]])),
        "relation": relation_line,
        "entities": entity_line,
    }
    environment.filters |= filters
    # The groups with the lowest F1 among those with at least ten gold relations.
    known = {name: found for name, found in facts.test["by_pair_type"].items() if found["tp"] + found["fn"] >= 10}
    found_types = facts.test["mentions"]["by_type"]
    body = environment.get_template(TEMPLATE).render(
        **vars(facts),
        task=TASK,
        levels=LEVEL_NAMES,
        limits=asdict(limits),
        **energy(facts.training),
        never_right=[name for name, found in facts.test["by_type"].items() if not found["tp"]],
        weak_types=sorted(found_types, key=lambda name: found_types[name]["f1"])[:2],
        grouping_dev=grouped(facts, "dev"),
        grouping_test=grouped(facts, "test"),
        weak_pairs=sorted(known, key=lambda name: known[name]["f1"])[:3],
        novelty_right=facts.test["relation_type_novelty"]["tp"],
        type_right=facts.test["relation_type"]["tp"],
    )
    return f"---\n{as_yaml(metadata(facts))}---\n\n{body}"


def grouped(facts: Facts, split: str) -> dict[str, float]:
    """Return the shares, in per cent, of pairs of mentions that the rules for names group on a split of the corpus."""
    shares: dict[str, float] = facts.grouping[f"bioredirect_{split}.pubtator"]["rules"]["all types"]
    return shares


def as_yaml(value: Any) -> str:
    """Return the value as YAML, in its own order."""
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=120)


def metadata(facts: Facts) -> dict[str, Any]:
    """Return the metadata of the card.

    There is no `pipeline_tag`: the Hub's snippet would pass it to `pipeline` as the task, and the task of this model
    is none of the Hub's own. Without it, the snippet is `AutoModel.from_pretrained`.
    """
    training = facts.training
    data = ModelCardData(
        language="en",
        license="apache-2.0",
        library_name="transformers",
        base_model=training["base_model"],
        datasets=training["datasets"],
        tags=list(TAGS),
        metrics=list(FIGURES),
        widget=[widget(example) for example in facts.examples],
        co2_eq_emissions={
            "emissions": energy(training)["grams"],
            "source": "estimated from CPU hours, an assumed power and an assumed carbon intensity; see the card",
            "training_type": "fine-tuning",
            "hardware_used": training["hardware"],
        },
    )
    return {**data.to_dict(), "model-index": model_index(facts)}


def model_index(facts: Facts) -> list[dict[str, Any]]:
    """Return the `model-index`: the results on test, with precision, recall and F1 in 0..1.

    They are those of each level of relations between marked entities, of the mentions that the tagger finds, and of
    each level of relations between these.
    """
    test = facts.test
    results = [
        *(_result(TASK, f"{TASK_NAME}: {name}", {"level": level}, test[level]) for level, name in LEVEL_NAMES.items()),
        _result(MENTION_TASK, f"{MENTION_TASK_NAME}: span and type", {"level": "mentions"}, test["mentions"]),
        *(
            _result(
                *(TASK, f"{TASK_NAME} from {PLAIN_TEXT}: {name}"),
                *({"level": level, "input": PLAIN_TEXT}, test["end_to_end"][level]),
            )
            for level, name in LEVEL_NAMES.items()
        ),
    ]
    return [{"name": "biodir", "results": results}]


def _result(task: str, name: str, arguments: dict[str, str], found: Mapping[str, float]) -> dict[str, Any]:
    """Return a result of the `model-index`.

    Args:
        name: of the task, a colon, and of the level.
        arguments: tell the results of a data set apart.
        found: the figures.
    """
    level = name.partition(": ")[2]
    return {
        "task": {"type": task, "name": name},
        "dataset": {"name": BENCHMARK_NAME, "type": BENCHMARK, "split": "test", "args": arguments},
        "metrics": [
            {"type": metric, "value": round(found[metric], 4), "name": f"{level}: {metric}"} for metric in FIGURES
        ],
    }


def eval_results_text(facts: Facts) -> str:
    """Return F1 of every level on test, in 0..1, in the form of the Hub's evaluation results.

    The Hub shows them when the data set declares these tasks in an `eval.yaml`; until then it shows `model-index`.
    """
    plain = facts.test["end_to_end"]
    rows = [
        *((level, facts.test[level], f"{name}; gold mentions") for level, name in LEVEL_NAMES.items()),
        ("mentions", facts.test["mentions"], f"mentions, span and type; {PLAIN_TEXT}"),
        *((f"end_to_end_{level}", plain[level], f"{name}; {PLAIN_TEXT}") for level, name in LEVEL_NAMES.items()),
    ]
    entries = [
        EvalResultEntry(
            dataset_id=BENCHMARK,
            task_id=task_id,
            value=round(found["f1"], 4),
            date=facts.measured["date"],
            notes=f"micro F1, {note}; {BENCHMARK_NAME}, test, {facts.test['documents']} documents",
        )
        for task_id, found, note in rows
    ]
    return as_yaml(eval_result_entries_to_yaml(entries))


def widget(example: Mapping[str, Any]) -> dict[str, Any]:
    """Return an example of the card's metadata: a plain text, and the relations that the model finds in it."""
    document = example["document"]
    return {
        "example_title": document["id"].replace("-", " ").capitalize(),
        "text": document["text"],
        "output": {"text": "\n".join(map(relation_line, example["plain"]["relations"]))},
    }


def entity_line(entities: Iterable[Mapping[str, Any]]) -> str:
    """Return entities in one line, each text once with its type."""
    return ", ".join(dict.fromkeys(f"{entity['text']} ({entity['type']})" for entity in entities))


def relation_line(relation: Mapping[str, Any]) -> str:
    """Return a relation in one line: an arrow points to the object, a dash joins entities without a direction."""
    arrow = "-->" if relation["directed"] else "---"
    subject, object_ = relation["subject"]["text"], relation["object"]["text"]
    return f"{subject} {arrow} {object_}: {relation['relation']} ({relation['novelty']}), {relation['score']:.2f}"


def energy(training: Mapping[str, Any]) -> dict[str, Any]:
    """Return minutes of all steps that led to the checkpoint, without trials, and their energy and CO2 as assumed."""
    runs = [*training["first_stage"], *training["tagger"], *training["third_stage"]["runs"]]
    steps = [*training.values(), training["second_stage"]["final"], *runs]
    minutes = sum(step["minutes"] for step in steps if isinstance(step, Mapping) and "minutes" in step)
    kilowatt_hours = minutes / 60 * training["power_watts"] / 1000
    grams = round(kilowatt_hours * training["grams_of_co2_per_kwh"])
    return {"minutes": minutes, "kilowatt_hours": kilowatt_hours, "grams": grams}
