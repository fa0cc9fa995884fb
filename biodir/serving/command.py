"""The commands `biodir serve` and `biodir mcp`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from typer import Option

from biodir.checkpoint_names import default_model, is_path
from biodir.errors_biodir import SettingError
from biodir.fetching.command import CACHE_VARIABLE, SERVICE_VARIABLE
from biodir.fetching.service import PUBTATOR3
from biodir.inference import BACKENDS
from biodir.optional import optional_library
from biodir.options import BackendOption, DeviceOption, ModelOption, RevisionOption, quiet_pipeline
from biodir.serving.handler import Limits, RequestHandler

if TYPE_CHECKING:
    from biodir.pipeline_extraction_biodir import RelationExtraction

MEBIBYTE = 1024 * 1024
HostOption = Annotated[str, Option(help="address to listen at; 0.0.0.0 for all, which lets other machines in")]
PortOption = Annotated[int, Option(min=0, max=65535, help="0 for any that is free, which the log names")]
SHUTDOWN_HELP = "seconds that running requests have after a signal to stop"
ShutdownOption = Annotated[int, Option("--shutdown", min=1, help=SHUTDOWN_HELP)]


def serve(
    model: ModelOption = None,
    revision: RevisionOption = None,
    device: DeviceOption = None,
    backend: BackendOption = BACKENDS[0],
    host: HostOption = "127.0.0.1",
    port: PortOption = 8000,
    most_waiting: Annotated[
        int, Option("--max-waiting", min=1, help="requests that wait for the model; more are answered with 429")
    ] = 64,
    most_mebibytes: Annotated[int, Option("--max-body", min=1, help="MiB of a request")] = 8,
    body_timeout_s: Annotated[float, Option("--body-timeout", min=0.1, help="seconds for a body to arrive")] = 30,
    shutdown_s: ShutdownOption = 30,
) -> None:
    """Serve relations over HTTP.

    POST /v1/relations takes the JSON of Inference Endpoints, /v1/text plain texts; /docs shows them with examples.
    GET /health and /metrics (Prometheus). Logs are JSON on standard error, without text of documents. The variables
    BIODIR_MAX_DOCUMENTS, ..._CHARACTERS, ..._MENTIONS, ..._IDENTIFIERS, ..._PAIRS and ..._EVIDENCE set limits.

        biodir serve --port 8000
        curl -H 'Content-Type: text/plain' --data-binary @notes.txt http://127.0.0.1:8000/v1/text
    """
    for library in ("fastapi", "uvicorn", "prometheus_client"):
        optional_library(library, "serve", "biodir serve")
    from biodir.serving.app import ServerSettings, make_app
    from biodir.serving.logs import use_json_logs
    from biodir.serving.server import run

    handler = _handler(model, revision, device, backend)
    settings = ServerSettings(most_waiting, most_mebibytes * MEBIBYTE, body_timeout_s)
    app = make_app(handler, settings, _shown_name(model, revision))
    use_json_logs()
    run(app, host, port, shutdown_s)


def mcp(
    transport: Annotated[
        Literal["stdio", "http"], Option(help="how agents reach it; http is streamable HTTP")
    ] = "stdio",
    model: ModelOption = None,
    revision: RevisionOption = None,
    device: DeviceOption = None,
    backend: BackendOption = BACKENDS[0],
    host: HostOption = "127.0.0.1",
    port: PortOption = 8001,
    shutdown_s: ShutdownOption = 30,
    service: Annotated[str, Option(envvar=SERVICE_VARIABLE, help="address of PubTator 3")] = PUBTATOR3,
    cache: Annotated[
        Path | None, Option(metavar="DIR", envvar=CACHE_VARIABLE, help="where fetched articles are kept")
    ] = None,
) -> None:
    """Give an agent tools by the Model Context Protocol.

    The tools are extract_relations, relations_of_pmids and explain_relation. Over HTTP the address ends with
    /mcp. Errors are logged as JSON on standard error, without text of documents.

        biodir mcp --transport stdio
        biodir mcp --transport http --port 8001
    """
    optional_library("mcp", "serve", "biodir mcp")
    from biodir.serving.logs import use_json_logs
    from biodir.serving.tools import article_fetcher, make_tools

    handler = _handler(model, revision, device, backend)
    use_json_logs()
    tools = make_tools(handler, article_fetcher(service, cache))
    if transport == "stdio":
        tools.run("stdio")
        return
    from biodir.serving.server import run

    run(tools.streamable_http_app(host=host), host, port, shutdown_s)


def _handler(model: str | None, revision: str | None, device: str | None, backend: str) -> RequestHandler:
    try:
        limits = Limits.from_environment()
    except ValueError as error:
        raise SettingError(str(error)) from error
    extract = quiet_pipeline(model, device, backend, revision)  # type: ignore[arg-type]
    warm_up(extract)
    return RequestHandler(extract, limits)


def warm_up(extract: "RelationExtraction") -> None:
    """Compute an example, so that files that are read when they are needed are read before the first request."""
    pair = zip((0, 5), next(iter(extract.config.pair_types), ()), strict=False)
    mentions = [{"start": start, "end": start + 4, "type": kind, "id": f"M{start}"} for start, kind in pair]
    extract({"text": "Iron EGFR", "entities": mentions})
    if extract.has_tagger:
        extract("Iron EGFR")


def _shown_name(model: str | None, revision: str | None = None) -> str:
    """Return the name of the model without the folders that lead to it, or its Hub id with the revision."""
    name = model or default_model()
    if is_path(name):
        return Path(name).resolve().name
    return f"{name} at {revision}" if revision else name
