"""Metrics for Prometheus: numbers only, no label holds anything of a request but its known path."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

from biodir.serving.batching import Batch, Batcher

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
COUNTS = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """The metrics of a server.

    >>> metrics = Metrics()
    >>> metrics.note_batch(Batch(requests=2, documents=5, relations=9, waited_s=[0.1, 0.0], seconds=0.5))
    >>> "biodir_documents_total 5.0" in metrics.text()
    True
    """

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        names = ("path", "status")
        self._requests = Counter("biodir_requests", "Requests that were answered", names, registry=registry)
        self._request_s = _histogram("biodir_request_seconds", "Seconds of a request", SECONDS, registry, ("path",))
        self._received = Counter("biodir_received_bytes", "Bytes of bodies of requests", registry=registry)
        self._sent = Counter("biodir_sent_bytes", "Bytes of bodies of answers", registry=registry)
        self._documents = Counter("biodir_documents", "Documents that the model read", registry=registry)
        self._relations = Counter("biodir_relations", "Relations in answers", registry=registry)
        self._model_s = Counter("biodir_model_seconds", "Seconds in which the model computed", registry=registry)
        self._waited_s = _histogram("biodir_wait_seconds", "Seconds that a request waited", SECONDS, registry)
        self._batch_requests = _histogram("biodir_batch_requests", "Requests of a batch", COUNTS, registry)
        self._batch_documents = _histogram("biodir_batch_documents", "Documents of a batch", COUNTS, registry)

    def watch(self, batcher: Batcher) -> None:
        """Show how many requests wait."""
        gauge = Gauge("biodir_waiting_requests", "Requests that wait for the model", registry=self.registry)
        gauge.set_function(lambda: batcher.waiting)

    def note_request(self, path: str, status: int, seconds: float, received: int, sent: int) -> None:
        """Count a request that was answered."""
        self._requests.labels(path, str(status)).inc()
        self._request_s.labels(path).observe(seconds)
        self._received.inc(received)
        self._sent.inc(sent)

    def note_batch(self, batch: Batch) -> None:
        """Count what went through the model."""
        self._documents.inc(batch.documents)
        self._relations.inc(batch.relations)
        self._model_s.inc(batch.seconds)
        self._batch_requests.observe(batch.requests)
        self._batch_documents.observe(batch.documents)
        for seconds in batch.waited_s:
            self._waited_s.observe(seconds)

    def text(self) -> str:
        """Return the metrics in the text format of Prometheus."""
        return generate_latest(self.registry).decode()


def _histogram(
    name: str, text: str, buckets: tuple[float, ...], registry: CollectorRegistry, labels: tuple[str, ...] = ()
) -> Histogram:
    return Histogram(name, text, labels, buckets=buckets, registry=registry)
