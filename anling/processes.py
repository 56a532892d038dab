"""Processes: everything in one (``serve``), or one room each (``bridge``, ``engine``, ``api``)."""

import gc
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from anling.house import House
from anling.ledger_here import ledger_here
from anling.parts import Heart, Running
from anling.private import open_to_others
from anling.self_call import SelfCall
from anling.settings import Settings
from broker_bridge.bridge import Bridge
from broker_bridge.embedded import EmbeddedBroker
from broker_bridge.settings import BridgeSettings
from channels.last_look import LastLook
from channels.switchboard import ChannelSettings, build, configured
from domain.contacts import Channel
from domain.people import ContactPoint
from escalation.delivery import Delivery
from escalation.dutywatch import DutyWatch
from escalation.lamps import Lamps
from escalation.looking import Looking
from escalation.reconciler import Reconciler
from escalation.rota import Rota
from escalation.tokens import Tokens

if TYPE_CHECKING:
    from api.ground import Ground
    from api.parts import Troupe

_LOG = structlog.get_logger("anling")
_LINES = 65_536


@dataclass(frozen=True, slots=True)
class Started:
    """What a started process can be asked."""

    running: Running
    broker_url: str | None
    port: int | None


@contextmanager
def house(settings: Settings, migrate: bool) -> Iterator[House]:
    """An installation with its ledger open; closes it at the end."""
    with ledger_here(settings, upgrade=migrate) as ledger:
        for warning in open_to_others(settings):
            _LOG.warning("open_to_others", text=warning)
        built = House(settings, ledger)
        built.enforce_plan()
        ledger.listen()
        yield built


@contextmanager
def serving(settings: Settings, rooms: frozenset[str], troupe: "Troupe | None" = None) -> Iterator[Started]:
    """Start these rooms (``bridge`` ``engine`` ``api``), stop them in the reverse order."""
    # what is wrong with the map is said before anything starts
    ground = _ground(settings) if "api" in rooms else None
    with ExitStack() as stack:
        built = stack.enter_context(house(settings, migrate=len(rooms) > 1))
        running = Running(built, troupe=troupe)
        broker_url = None
        if "engine" in rooms:
            _start_engine(stack, settings, running)
        if "bridge" in rooms:
            broker_url = _start_bridge(stack, settings, running)
        heart = Heart(running)
        heart.start()
        stack.callback(heart.stop)
        if "bridge" in rooms:
            _let_presses_first()
        port = _start_api(stack, settings, running, ground) if ground is not None else None
        if rooms & {"engine", "bridge"}:
            _start_homes(stack, running)
        yield Started(running, broker_url, port)


def _let_presses_first() -> None:
    """What waited while we were down goes first: more is imported in a quiet tenth of a second, or after one second."""
    ends = time.monotonic() + 1.0
    spent = 0.1
    while spent > 0.02 and time.monotonic() < ends:
        before = time.process_time()
        time.sleep(0.1)
        spent = time.process_time() - before


def run(settings: Settings, rooms: frozenset[str], ready: Callable[[Started], None]) -> None:
    """Serve until SIGINT or SIGTERM."""
    _open_wide()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with serving(settings, rooms) as started:
        _tune()
        ready(started)
        while not stop.wait(3600):
            pass
        _LOG.info("stopping")


def _open_wide() -> None:
    """As many open lines and files as the machine allows, not the thousand that a shell begins with."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = _LINES if hard == resource.RLIM_INFINITY else min(hard, _LINES)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def _tune() -> None:
    """Latency before throughput."""
    # What was imported lives as long as we do: never walk it again in the middle of a storm of presses.
    gc.enable()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def channels_of(settings: Settings, tokens: Tokens, look: LastLook | None = None) -> Mapping[str, Channel]:
    """All ways of reaching a human that the settings allow. Raises ``ConfigurationError`` with all problems."""
    return build(ChannelSettings(
        webhook_secrets=_given(settings.webhook_secret),
        desk_secrets=_given(settings.desk_secret),
        call_back=tuple(n.strip() for n in settings.call_back.split(",") if n.strip()),
        voice_routes=settings.voice_routes,
        sms_routes=settings.sms_routes,
        twilio_account_sid=settings.twilio_account_sid,
        twilio_auth_token=settings.twilio_auth_token,
        twilio_from=settings.twilio_from,
        twilio_base_url=settings.twilio_base_url,
        aliyun_access_key_id=settings.aliyun_access_key_id,
        aliyun_access_key_secret=settings.aliyun_access_key_secret,
        aliyun_caller=settings.aliyun_caller,
        aliyun_templates=settings.aliyun_templates,
        aliyun_base_url=settings.aliyun_base_url,
        mail_url=settings.mail_url,
        mail_from=settings.mail_from,
        public_url=settings.where,
        token=lambda letter: tokens.call(letter.key, letter.attempt),
        look=look or LastLook(),
    ))  # fmt: skip


def _start_engine(stack: ExitStack, settings: Settings, running: Running) -> None:
    built = running.house
    running.channels = channels_of(
        settings, built.tokens, Looking(built.ledger, built.standing, built.clock).look()
    )
    running.engine = built.engine()
    running.delivery = Delivery(
        built.ledger, built.standing, built.clock, running.channels, built.letters, built.commands
    )
    running.reconciler = Reconciler(
        built.ledger, built.standing, built.clock, running.channels, built.callbacks()
    )
    running.engine.start()
    running.delivery.start()
    running.reconciler.start()
    stack.callback(running.reconciler.stop)
    watch = DutyWatch(built.ledger, built.standing, built.clock, _rota(running))
    watch.start()
    stack.callback(watch.stop)
    stack.callback(running.delivery.stop)
    stack.callback(running.engine.stop)


def _start_bridge(stack: ExitStack, settings: Settings, running: Running) -> str:
    url = settings.mqtt_url
    if url is None:
        broker = EmbeddedBroker(settings.data_dir / "broker", settings.mqtt_port)
        broker.start()
        stack.callback(broker.stop)
        url = broker.url()
        _LOG.info("embedded_broker", kind=broker.kind, port=broker.port)
    built = running.house
    told = BridgeSettings(
        url,
        settings.mqtt_telemetry_url,
        settings.mqtt_vendor_url,
        settings.who,
        settings.mqtt_ca_file,
        session_expected=settings.mqtt_url is not None and built.has_past(),
    )
    bridge = Bridge(told, built.intake, running.keep_telemetry, built.intake.quarantine, running.broker_forgot)
    running.bridge = bridge
    bridge.start()
    stack.callback(bridge.stop)
    running.lamps = Lamps(built.ledger, running.show)
    running.lamps.start()
    stack.callback(running.lamps.stop)
    return url


def _start_homes(stack: ExitStack, running: Running) -> None:
    """After everything that calls: the sweeps can wait for a second, a press cannot."""
    from anling.homekeeping import start_homes

    ticker = start_homes(running)
    stack.callback(ticker.stop)


def _start_api(stack: ExitStack, settings: Settings, running: Running, ground: "Ground") -> int:
    """Imported last: the path from button to phone is up before the web server is."""
    from anling.front import start_front

    server = start_front(running, _rota(running), ground)
    stack.callback(server.stop)
    if settings.twilio_auth_token:
        running.self_call = SelfCall(settings.where, settings.twilio_auth_token)
        running.self_call.start()
        stack.callback(running.self_call.stop)
    return server.port


def _ground(settings: Settings) -> "Ground":
    """What the map lies on. Raises ``ConfigurationError`` with all problems."""
    from api.ground import ground_of

    return ground_of(
        settings.map_tiles_url, settings.map_tiles_datum, settings.map_attribution,
        settings.map_boundary, settings.map_boundary_datum,
    )  # fmt: skip


def _rota(running: Running) -> Rota:
    """Contact points count as configured where this process has no channels and cannot know."""
    built = running.house

    def reaches(point: ContactPoint) -> bool:
        return not running.channels or configured(running.channels, point.channel, point.address)

    return Rota(built.ledger, built.standing, built.clock, reaches)


def _given(secret: str | None) -> tuple[str, ...]:
    return (secret,) if secret else ()
