"""Tools for agents by the Model Context Protocol: the same answers as those of the server."""

import asyncio
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import Field

from biodir import __version__
from biodir.errors_biodir import BioDirError
from biodir.fetching.articles import Article, Fetcher
from biodir.fetching.identifiers import checked_identifiers
from biodir.serving.batching import Batcher, QueueFullError
from biodir.serving.explaining import explanation
from biodir.serving.handler import RequestError, RequestHandler
from biodir.serving.service import RelationService
from biodir.web.answers import Patience

INSTRUCTIONS = (
    "Directed relations between genes, diseases, chemicals, variants, species and cell lines, read from biomedical "
    "text, each with novelty, scores in 0..1 and the sentences that it was read from. Scores are those of a model: "
    "read the evidence before you state a relation."
)
# Articles of one call; an agent waits for all of them.
MOST_ARTICLES = 20
# An agent does not wait for minutes, as the command does.
PATIENCE = Patience(attempts=3, longest_wait_s=5.0, longest_order_s=10.0, stall_s=20.0, answer_s=60.0)

Text = Annotated[str, Field(description="plain text, such as an abstract", min_length=1)]
ENTITIES_HELP = 'mentions [{"start", "end", "type", "id"?}] if you know them; by default they are found in the text'
Entities = Annotated[list[dict[str, Any]] | None, Field(description=ENTITIES_HELP)]
Threshold = Annotated[float, Field(description="relations with a lower score are left out", ge=0, le=1)]
TopK = Annotated[int, Field(description="at most this many relations, the best first", ge=1, le=500)]
RelationTypes = Annotated[list[str] | None, Field(description="only these, such as Positive_Correlation or Bind")]
Pmids = Annotated[
    list[str | int], Field(description="PMIDs, or ids such as PMC10072964", min_length=1, max_length=MOST_ARTICLES)
]


def article_fetcher(url: str, cache: Path | None) -> Fetcher:
    """Return what fetches articles for an agent: it prints nothing, and gives up after seconds."""
    fetcher = Fetcher.of(url, cache, report=lambda _: None, note=lambda *_: None)
    return replace(fetcher, service=replace(fetcher.service, patience=PATIENCE))


def make_tools(handler: RequestHandler, fetcher: Fetcher) -> MCPServer[Any]:
    """Return the server of the tools.

    Args:
        handler: over the pipeline.
        fetcher: of articles, see `article_fetcher`.
    """
    server = _StrictServer("biodir", version=__version__, instructions=INSTRUCTIONS, log_level="WARNING")
    tools = RelationTools(RelationService(Batcher(handler)), fetcher)
    for tool, is_open in (
        (tools.extract_relations, False),
        (tools.relations_of_pmids, True),
        (tools.explain_relation, False),
    ):
        hints = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=is_open)
        server.add_tool(tool, description=inspect.getdoc(tool), annotations=hints)
    return server


class _StrictServer(MCPServer[Any]):
    """A server that refuses arguments that a tool does not have; that of the SDK ignores them, without a switch."""

    async def call_tool(self, name: str, arguments: dict[str, Any], context: Any = None) -> Any:
        """Call a tool, if it has all these arguments."""
        known = next((each.input_schema["properties"] for each in await self.list_tools() if each.name == name), None)
        unknown = sorted(arguments.keys() - known.keys()) if known is not None else []
        if known is not None and unknown:
            named = ", ".join(each[:40] for each in unknown[:5])
            raise ToolError(f"{named}: no argument of {name}; it has {', '.join(known)}")
        return await super().call_tool(name, arguments, context)


class RelationTools:
    """The tools. Their names, arguments and descriptions are what an agent sees.

    Args:
        service: answers requests.
        fetcher: of articles.

    >>> tools = RelationTools(None, None)
    >>> tools.explain_relation.__doc__.splitlines()[0]
    'Explain how one pair of entities in a text is related, or why not.'
    """

    def __init__(self, service: RelationService, fetcher: Fetcher) -> None:
        self._service, self._fetcher = service, fetcher

    async def extract_relations(
        self,
        text: Text,
        entities: Entities = None,
        relation_types: RelationTypes = None,
        threshold: Threshold = 0.0,
        top_k: TopK = 50,
    ) -> dict[str, Any]:
        """Extract directed relations between biomedical entities from a text.

        The answer has `entities` with their places, and `relations`, the best first: subject, object, relation type,
        whether it has a direction, novelty, scores and evidence sentences.
        """
        parameters = _parameters(relation_types, threshold, top_k)
        return await self._answer(_document(text, entities), {**parameters, "return_entities": True})

    async def relations_of_pmids(
        self, pmids: Pmids, relation_types: RelationTypes = None, threshold: Threshold = 0.0, top_k: TopK = 50
    ) -> dict[str, Any]:
        """Fetch annotated articles from PubTator 3 and extract the relations of each.

        The answer has `articles`, each with pmid, title and relations, or with an error; and `missing`: articles that
        are not in PubTator 3, each with the reason.
        """
        if len(pmids) > MOST_ARTICLES:
            raise ToolError(f"pmids: {len(pmids)} articles; name at most {MOST_ARTICLES} at once")
        parameters = _parameters(relation_types, threshold, top_k)
        try:
            identifiers = checked_identifiers((f"pmids[{index}]", str(pmid)) for index, pmid in enumerate(pmids))
            articles = await asyncio.to_thread(lambda: list(self._fetcher.articles(identifiers)))
        except (BioDirError, OSError) as error:
            raise ToolError(str(error)) from error
        found = [each for each in articles if each.content is not None]
        results = await asyncio.gather(*(self._of_article(article, parameters) for article in found))
        missing = {each.identifier: each.reason for each in articles if each.content is None}
        return {"articles": results, "missing": missing}

    async def explain_relation(
        self,
        text: Text,
        subject: Annotated[str, Field(description="name or identifier of one entity", min_length=1)],
        object: Annotated[str, Field(description="name or identifier of the other", min_length=1)],
        entities: Entities = None,
    ) -> dict[str, Any]:
        """Explain how one pair of entities in a text is related, or why not.

        The answer has the decision, the score of every label of relation, novelty and direction, the evidence
        sentences, and a summary. The model may find the direction to be the other way round than the arguments.
        """
        every = {"return_all_scores": True, "return_entities": True}
        found = await self._answer(_document(text, entities), every)
        try:
            return explanation(found, subject, object)
        except BioDirError as error:
            raise ToolError(str(error)) from error

    async def _of_article(self, article: Article, parameters: Mapping[str, Any]) -> dict[str, Any]:
        content: Mapping[str, Any] = article.content or {}
        named = {"pmid": article.identifier, "title": _title(content)}
        try:
            return {**named, "relations": await self._answer(content, parameters)}
        except ToolError as error:
            return {**named, "error": str(error)}

    async def _answer(self, document: Mapping[str, Any], parameters: Mapping[str, Any]) -> Any:
        try:
            return await self._service.answer({"inputs": document, "parameters": parameters})
        except RequestError as error:
            raise ToolError(f"{error.field}: {error.message}; {error.fix}") from error
        except QueueFullError as error:
            raise ToolError(str(error)) from error


def _document(text: str, entities: Sequence[Mapping[str, Any]] | None) -> dict[str, Any]:
    return {"text": text} if entities is None else {"text": text, "entities": entities}


def _parameters(relation_types: list[str] | None, threshold: float, top_k: int) -> dict[str, Any]:
    chosen = {"relation_types": relation_types} if relation_types else {}
    return {"threshold": threshold, "top_k": top_k, **chosen}


def _title(content: Mapping[str, Any]) -> str:
    passages = content.get("passages") or [{}]
    return str(passages[0].get("text") or "")
