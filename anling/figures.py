"""Figures: what the parts have done, counted for Prometheus. No personal data."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from anling.parts import Running
from domain.people import Scope
from store.protection import Protection
from store.views import Views

_ALL = Scope("metrics", "administrator")


class Figures:
    """Counts for Prometheus, read when asked. No personal data."""

    def __init__(self, running: Running, views: Callable[[], Views], protection: Protection) -> None:
        self._running = running
        self._views = views
        self._protection = protection

    def collect(self) -> Iterator[Metric]:
        """One reading."""
        running = self._running
        yield _counter(
            "anling_telemetry_stored", "Telemetry messages committed to the ledger", running.telemetry_stored
        )
        if running.bridge is not None:
            for name, value in running.bridge.counters().items():
                yield _counter(f"anling_bridge_{name}", f"Bridge: {name.replace('_', ' ')}", value)
        if running.engine is not None:
            yield _counter("anling_engine_decided", "Alerts decided by timers", running.engine.ticks)
        if running.delivery is not None:
            yield _counter("anling_contacts_sent", "Contacts attempted", running.delivery.sent)
            yield _counter("anling_contacts_accepted", "Contacts accepted by a provider", running.delivery.accepted)
            yield _gauge("anling_contacts_in_flight", "Contacts under way", running.delivery.in_flight)
        for report in running.watches:
            yield _of_watch("findings", "What the watch finds wrong", report.instance, len(report.findings))
            if report.ok_at is not None:
                at = report.ok_at.timestamp()
                yield _of_watch("ok_timestamp_seconds", "When the watch last found nothing", report.instance, at)
            if report.probe_ms is not None:
                took = report.probe_ms / 1000
                yield _of_watch("probe_seconds", "From the probe's press to its call", report.instance, took)
        for name, number in self._views().counts().items():
            yield _gauge(f"anling_{name}", name.replace("_", " "), number)
        yield _homes(self._protection.counts(_ALL))


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(name, text, value=value)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _homes(counts: Mapping[str, int]) -> Metric:
    metric = GaugeMetricFamily("anling_homes", "Homes by whether they could call for help now", labels=["state"])
    for state, number in counts.items():
        if state != "homes":
            metric.add_metric([state], number)
    return metric


def _of_watch(name: str, text: str, instance: str, value: float) -> Metric:
    metric = GaugeMetricFamily(f"anling_watch_{name}", text, labels=["instance"])
    metric.add_metric([instance], value)
    return metric
