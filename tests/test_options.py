"""What the options of commands become: each goes to the argument that it is for."""

import pkgutil
import shlex
from inspect import signature
from pathlib import Path
from types import SimpleNamespace

import pytest

from biodir.cli import main
from biodir.lexicon.building import Input
from helpers.checkout import CHECKOUT

SAMPLE = CHECKOUT / "samples" / "sample.pubtator"
# What commands do before the call that is looked at, and what it then returns.
REPLACED = {
    "biodir.publishing.model_repository.model_repository": lambda *_: None,
    "biodir.publishing.dataset_repository.dataset_repository": lambda *_: None,
    "biodir.inference.command._opened": lambda *_: (None, "torch"),
    "biodir.inference.opening.open_pipeline": lambda *_, **__: SimpleNamespace(model="model", tokenizer="tokenizer"),
    "biodir.serving.command._handler": lambda *_: None,
    "biodir.serving.app.make_app": lambda *_: "app",
    "biodir.serving.logs.use_json_logs": lambda: None,
    "biodir.serving.tools.make_tools": lambda *_: SimpleNamespace(streamable_http_app=lambda host: f"tools of {host}"),
}
POLICY, DESTINATION = "biodir.options.ErrorPolicy", "biodir.publishing.upload.Destination"
READING = "--errors skip-mention --offsets utf-16"
READ = {"errors": "skip-mention", "offsets": "utf-16", "split_relations": False}
SPLIT = {**READ, "split_relations": True}
LLM = "llm predict IN -o out.jsonl --endpoint http://127.0.0.1:9/v1 --model m"
FILTERS = {
    **{"relation_types": ["Bind"], "entity_ids": ["D1"], "pair_types": [["Chemical", "Disease"]]},
    **{"threshold": 0.1, "min_direction_score": 0.2, "top_k": 3, "batch_size": 4, "type_map": {"Metal": "Chemical"}},
    **{"sections": ["RESULTS"], "skip_sections": ["METHODS"], "novel_only": None, "directed_only": None},
}
FILTER_OPTIONS = (
    "--relation Bind --entity D1 --pair-type Chemical-Disease --min-score 0.1 --min-direction-score 0.2 --top-k 3 "
    "--batch-size 4 --type-map Metal=Chemical --section RESULTS --no-section METHODS"
)
LEXICON_OPTIONS = "--mesh a --mesh-supplementary b --genes c --cell-lines d --taxonomy e --omim f"
VOCABULARIES = zip("abcdef", ("mesh", "mesh-supplementary", "genes", "cell-lines", "taxonomy", "omim"), strict=True)


class Called(Exception):
    """Ends a command at the call that is looked at; holds its arguments."""


def called_with(callee: str, line: str, monkeypatch) -> dict:
    """The arguments, by their names, that a command gives to the callee."""
    named = signature(pkgutil.resolve_name(callee))

    def stop(*given, **options):
        bound = named.bind(*given, **options)
        bound.apply_defaults()
        raise Called(bound.arguments)

    for name, value in {**REPLACED, callee: stop}.items():
        monkeypatch.setattr(name, value)
    with pytest.raises(Called) as caught:
        main([str(SAMPLE) if part == "IN" else part for part in shlex.split(line)])
    return caught.value.args[0]


@pytest.mark.parametrize(
    ("line", "callee", "expected"),
    [
        ("publish --repo-id o/n --tag v9", DESTINATION, {"repo_type": "model", "private": False, "may_delete": False}),
        ("publish --repo-id o/n --tag v9 --private", DESTINATION, {"tag": "v9", "private": True, "may_delete": False}),
        ("publish --repo-id o/n --tag v9 --delete", DESTINATION, {"tag": "v9", "private": False, "may_delete": True}),
        ("dataset publish IN --repo-id o/n", DESTINATION, {"private": False, "may_delete": False}),
        ("dataset publish IN --repo-id o/n --private", DESTINATION, {"private": True, "may_delete": False}),
        ("dataset publish IN --repo-id o/n --delete", DESTINATION, {"private": False, "may_delete": True}),
        (f"predict IN {READING}", POLICY, {**READ, "relations": False}),
        (f"{LLM} {READING}", POLICY, {**READ, "relations": False}),
        (f"convert IN out.jsonl {READING} --split-relations", POLICY, SPLIT),
        (f"network IN -o out.cx2 {READING} --split-relations", POLICY, SPLIT),
        (f"evaluate IN IN {READING} --split-relations", POLICY, SPLIT),
        (f"calibrate IN {READING} --split-relations", POLICY, SPLIT),
        (f"errors IN IN -o out.html {READING} --split-relations", POLICY, SPLIT),
        (
            f"predict IN -o out.jsonl {FILTER_OPTIONS} --one-per-line",
            "biodir.inference.command.Writing.run",
            {"files": [SAMPLE], "one_per_line": True, "parameters": FILTERS},
        ),
        (
            f"predict IN -o out.jsonl {FILTER_OPTIONS} --novel-only",
            "biodir.inference.command.Writing.run",
            {"one_per_line": False, "parameters": {**FILTERS, "novel_only": True}},
        ),
        (
            f"predict IN -o out.jsonl {FILTER_OPTIONS} --directed-only",
            "biodir.inference.command.Writing.run",
            {"parameters": {**FILTERS, "directed_only": True}},
        ),
        (
            "serve --max-body 2 --body-timeout 3 --max-waiting 4",
            "biodir.serving.app.ServerSettings",
            {"most_bytes": 2 * 1024 * 1024, "body_timeout_s": 3, "most_waiting": 4},
        ),
        (
            "serve --host 127.0.0.2 --port 9 --shutdown 5",
            "biodir.serving.server.run",
            {"app": "app", "host": "127.0.0.2", "port": 9, "shutdown_s": 5},
        ),
        (
            "mcp --transport http --host 127.0.0.2 --port 9 --shutdown 5",
            "biodir.serving.server.run",
            {"app": "tools of 127.0.0.2", "host": "127.0.0.2", "port": 9, "shutdown_s": 5},
        ),
        (
            "mcp --service http://127.0.0.1:9 --cache articles",
            "biodir.serving.tools.article_fetcher",
            {"url": "http://127.0.0.1:9", "cache": Path("articles")},
        ),
        ("export-onnx graphs", "biodir.inference.onnx_export.export_model", {"backends": ["onnx", "onnx-int8"]}),
        (
            "export-onnx graphs --model m --precision float32",
            "biodir.inference.onnx_export.export_model",
            {"model": "model", "folder": Path("graphs"), "backends": ["onnx"], "checkpoint": Path("m")},
        ),
        (
            "export-onnx graphs --precision int8",
            "biodir.inference.onnx_export.export_model",
            {"tokenizer": "tokenizer", "backends": ["onnx-int8"]},
        ),
        (
            f"lexicon build any {LEXICON_OPTIONS} --species 10090 -o out.sqlite",
            "biodir.lexicon.command.build_lexicon",
            {
                "inputs": [Input(Path("any")), *(Input(Path(name), kind) for name, kind in VOCABULARIES)],
                "output": Path("out.sqlite"),
                "species": ["10090"],
            },
        ),
        (
            f"{LLM} --temperature 0.5 --max-tokens 7 --extra '{{\"seed\": 1}}'",
            "biodir.llm.server.ChatSettings",
            {"model": "m", "temperature": 0.5, "max_tokens": 7, "extra": {"seed": 1}},
        ),
    ],
)
def test_option_goes_to_the_argument_that_it_is_for(line, callee, expected, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    found = called_with(callee, line, monkeypatch)
    assert {name: found[name] for name in expected} == expected
