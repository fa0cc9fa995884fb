"""The command `biodir llm predict`."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

from tqdm import tqdm
from typer import Argument, BadParameter, Option

from biodir.errors_biodir import SettingError, located
from biodir.files import check_paths, expand_inputs, file_sha256
from biodir.inference.command import (
    FILES_HELP,
    Dialect,
    EntityOption,
    Format,
    NoSectionOption,
    OutputOption,
    PairOption,
    SectionOption,
    SkipOption,
    StrictOption,
)
from biodir.inference.command import pair_types as pairs_of_types
from biodir.inference.writing import Writing
from biodir.llm.prompts import Prompt
from biodir.llm.questions import Unit
from biodir.options import OffsetsOption, check_exclusive, end_of, quiet_readers, reading_policy

if TYPE_CHECKING:
    from biodir.llm.server import ChatServer, ChatSettings

KEY_VARIABLE, ENDPOINT_VARIABLE, CACHE_VARIABLE = "BIODIR_LLM_KEY", "BIODIR_LLM_ENDPOINT", "BIODIR_LLM_CACHE"
# Functions import what `biodir --help` should not wait for.

# Documents of a part, for each question that is on the way.
PART_DOCUMENTS = 4
LOOPBACK = ("localhost", "127.0.0.1", "::1")
ENDPOINT_HELP = "address of a server with the interface of OpenAI, such as http://localhost:8000/v1"
PROMPT_HELP = "static: the task; few-shot: also examples of --examples; steps: the model writes its reasons first"
CACHE_HELP = "where answers are kept; by default in the user's cache"
KEY_HELP = "environment variable that holds the key of the server"
EXTRA_HELP = "further fields of each request as JSON; null leaves a field out: '{\"temperature\": null}'"


def predict(
    inputs: Annotated[list[Path], Argument(metavar="IN", help=FILES_HELP)],
    endpoint: Annotated[str, Option(metavar="URL", envvar=ENDPOINT_VARIABLE, help=ENDPOINT_HELP)],
    model: Annotated[str, Option(metavar="NAME", help="name of the model for the server")],
    output: OutputOption = None,
    prompt: Annotated[Prompt, Option(help=PROMPT_HELP)] = "static",
    unit: Annotated[Unit, Option(help="what an answer is about: all pairs of a document, or one")] = "document",
    examples: Annotated[Path | None, Option(metavar="FILE", help="training documents, for few-shot")] = None,
    shots: Annotated[int, Option(min=1, help="examples of a question, for few-shot")] = 3,
    price_in: Annotated[float | None, Option(min=0.0, help="price of a million tokens of prompts")] = None,
    price_out: Annotated[float | None, Option(min=0.0, help="price of a million tokens of answers")] = None,
    key_variable: Annotated[str, Option(metavar="NAME", help=KEY_HELP)] = KEY_VARIABLE,
    cache: Annotated[Path | None, Option(metavar="DIR", envvar=CACHE_VARIABLE, help=CACHE_HELP)] = None,
    concurrency: Annotated[int, Option(min=1, help="questions at a time")] = 4,
    timeout: Annotated[float, Option(min=0.1, help="seconds that an answer may take")] = 300.0,
    attempts: Annotated[int, Option(min=1, help="attempts at a question that the server does not answer")] = 8,
    max_tokens: Annotated[int, Option(min=1, help="longest answer")] = 4096,
    temperature: Annotated[float, Option(min=0.0, help="0 for the likeliest answer")] = 0.0,
    extra: Annotated[str | None, Option(metavar="JSON", help=EXTRA_HELP)] = None,
    output_format: Annotated[Format | None, Option("--format", help="format of the output, if not by suffix")] = None,
    dialect: Annotated[Dialect | None, Option(help="of PubTator output, as of `biodir predict`")] = None,
    errors: SkipOption = None,
    strict: StrictOption = False,
    offsets: OffsetsOption = "characters",
    pair_type: PairOption = None,
    entity: EntityOption = None,
    section: SectionOption = None,
    no_section: NoSectionOption = None,
) -> None:
    """Ask a large language model for the relations in documents.

    The documents have their entities marked. Answers are checked; what is wrong in them is counted and left out. They
    are kept, so that a stopped run resumes, and no question is paid for twice. Relations have no scores.

        biodir llm predict a.xml -o b.jsonl --endpoint http://a:8000/v1 --model m
        biodir llm predict a.xml -o b.jsonl --endpoint $URL --model m --unit pair
        biodir llm predict a.xml -o b.jsonl --endpoint $URL --model m --price-in 2
    """
    from biodir.llm.extraction import LlmExtraction
    from biodir.llm.server import ChatSettings

    check_exclusive(strict=strict, errors=errors)
    _check_examples(prompt, examples)
    writing = Writing(output, output_format, dialect)
    files = expand_inputs(inputs, writing.paths())
    check_paths([*files, *([examples] if examples else [])], [output] if output else [])
    settings = ChatSettings(endpoint, model, temperature, max_tokens, _extra(extra))
    server = _server(settings, _key(key_variable, endpoint), cache, attempts, timeout)
    quiet_readers()
    policy = reading_policy("raise" if strict else errors or "skip-document", offsets, relations=False)
    extract = LlmExtraction(server, unit, prompt == "steps", _chooser(examples, shots), concurrency)
    others = {"prompt": prompt, "unit": unit, **_settings(settings), **_examples(examples, shots)}
    filters: dict[str, Any] = {"pair_types": pairs_of_types(pair_type) or None, "entity_ids": entity or None}
    filters |= {"sections": section or None, "skip_sections": no_section or None}
    parts: dict[str, Any] = {"part_documents": PART_DOCUMENTS * concurrency, "states_costs": False}
    counts = writing.run(extract, files, policy, one_per_line=False, others=others, parameters=filters, **parts)
    _print_usage(counts, price_in, price_out, extract.first_of)
    end_of(policy, writing.counts)


def _print_usage(
    counts: Mapping[str, int], price_in: float | None, price_out: float | None, first_of: Mapping[str, str]
) -> None:
    from biodir.llm.usage import usage_lines

    for line in usage_lines(counts, price_in, price_out, first_of):
        print(f"biodir: {line}", file=sys.stderr)


def _check_examples(prompt: Prompt, examples: Path | None) -> None:
    if (prompt == "few-shot") != (examples is not None):
        raise BadParameter("--prompt few-shot and --examples need each other: give both, or neither")


def _server(
    settings: "ChatSettings", key: str | None, cache: Path | None, attempts: int, timeout: float
) -> "ChatServer":
    """Return the server; what checks its answers must be installed before it is asked."""
    from biodir.llm.server import ChatServer
    from biodir.optional import optional_library
    from biodir.web.answers import Patience

    optional_library("jsonschema", "llm", "biodir llm")
    patience = Patience(attempts, longest_order_s=max(600.0, timeout), stall_s=timeout, answer_s=timeout)
    return ChatServer(settings, key, cache, patience, _report)


def _settings(settings: "ChatSettings") -> dict[str, Any]:
    """Return the settings that a run which resumes has the same."""
    return {"temperature": settings.temperature, "max_tokens": settings.max_tokens, "extra": settings.extra}


def _examples(examples: Path | None, shots: int) -> dict[str, Any]:
    """Return what shows that the examples are others."""
    return {"examples": file_sha256(examples), "shots": shots} if examples else {}


def _report(line: str) -> None:
    tqdm.write(f"biodir: {line}", file=sys.stderr)


def _key(variable: str, endpoint: str) -> str | None:
    """Return the key of the server, from the environment only."""
    key = os.environ.get(variable)
    if key is None and variable != KEY_VARIABLE:
        raise SettingError(f"--key-variable {variable}: the environment has no such variable; set it to the key")
    parts = urlsplit(endpoint)
    if key and parts.scheme == "http" and parts.hostname not in LOOPBACK:
        _report(f"the key goes to {parts.hostname} without encryption; use https:// unless the network is yours")
    return key


def _extra(text: str | None) -> dict[str, Any]:
    """Return the further fields of requests."""
    if text is None:
        return {}
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadParameter(f"--extra {text[:40]!r} is not JSON ({error})") from error
    if not isinstance(fields, dict) or {"messages", "response_format"} & fields.keys():
        raise BadParameter("--extra is a JSON object of fields other than messages and response_format")
    try:
        json.dumps(fields, allow_nan=False)
    except ValueError as error:
        raise BadParameter("--extra holds a number that JSON does not know") from error
    return fields


def _chooser(examples: Path | None, shots: int) -> Any:
    """Return the chooser of examples of a file of training documents."""
    from biodir.document_inputs_biodir import with_known_types
    from biodir.evaluation.predictions import read_gold
    from biodir.labels_biodir import ENTITY_TYPES
    from biodir.llm.examples import ExampleChooser

    if examples is None:
        return None
    with located(str(examples)):
        documents = [
            with_known_types(each, ENTITY_TYPES, {}, reading_policy("raise", "characters"))
            for each in read_gold(examples)
        ]
        return ExampleChooser(documents, shots)
