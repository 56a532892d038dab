"""The front: the rooms behind the web server, put together on one house. Imported last: presses do not wait for it."""

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry

from anling.figures import Figures
from anling.house import House
from anling.parts import Running
from anling.settings import Settings
from api.app import ApiSettings, App
from api.ground import Ground
from api.parts import Desk, Troupe
from api.server import Server
from broker_bridge.decode import hear
from domain.health import Health
from domain.networks import read_networks
from escalation.foresight import Foresight
from escalation.rota import Rota
from escalation.signing import Signing
from homes.care_line import CareLine
from homes.checkins import Checkins
from homes.family import Family
from homes.live_state import LiveState
from homes.numbers import HomeNumbers
from store.accounts import Accounts
from store.commissioning import Commissioning
from store.drills import Drills
from store.protection import Protection
from store.register import Register
from store.tasks import Tasks
from store.views import Views


def start_front(running: Running, rota: Rota, ground: Ground) -> Server:
    """A server that answers; the caller stops it."""
    settings, metrics = running.house.settings, CollectorRegistry()
    app = app_of(running.house, rota, api_settings(settings, ground), running.health, metrics, running.troupe)
    metrics.register(Figures(running, lambda: app.views, app.protection))
    return Server(app, settings.http_host, settings.http_port).start()


def app_of(
    built: House, rota: Rota, settings: ApiSettings, health: Callable[[], Mapping[str, Health]],
    metrics: CollectorRegistry, troupe: Troupe | None = None,
) -> App:  # fmt: skip
    """Everything that the doors open to, on this house."""
    ledger, clock, zone = built.ledger, built.clock, built.zone
    views = Views(ledger, clock, built.on_duty, built.next_role, settings.ground.spot)
    protection = Protection(ledger, clock)
    return App(
        commands=built.commands,
        views=views,
        accounts=Accounts(ledger),
        register=Register(ledger),
        drills=Drills(ledger, clock),
        tasks=Tasks(ledger, clock),
        rota=rota,
        foresight=Foresight(ledger, built.standing),
        checkins=Checkins(ledger, clock, zone),
        protection=protection,
        live_state=LiveState(ledger, clock, zone, protection, views),
        care=CareLine(ledger, built.standing, clock, built.tokens),
        family=Family(ledger, clock, built.tokens, zone),
        numbers=HomeNumbers(ledger, built.tokens, zone),
        signing=Signing(ledger, clock),
        commissioning=Commissioning(ledger, clock),
        callbacks=built.callbacks(),
        doorbell=ledger.doorbell,
        health=health,
        metrics=metrics,
        ingest=lambda message: built.intake([hear(message)])[0],
        settings=settings,
        desk=Desk.over(ledger, clock, zone, rota),
        reread=built.reread(),
        troupe=troupe,
    )


def api_settings(settings: Settings, ground: Ground) -> ApiSettings:
    """What the doors need of the settings."""
    return ApiSettings(
        public_url=settings.where,
        secret_key=settings.secret(),
        host=settings.http_host,
        port=settings.http_port,
        desk_secret=settings.desk_secret,
        twilio_auth_token=settings.twilio_auth_token or None,
        twilio_account_sid=settings.twilio_account_sid or None,
        secure_cookies=settings.where.startswith("https://"),
        ingest_secret=settings.ingest_secret,
        aliyun_push_secret=settings.aliyun_push_secret,
        trusted_proxies=read_networks(settings.trusted_proxies),
        ground=ground,
    )
