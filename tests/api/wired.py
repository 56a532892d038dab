"""The doors wired to a real ledger as ``anling`` wires them, without broker and senders."""

from prometheus_client import CollectorRegistry

from anling.house import House
from api.app import ApiSettings, App
from api.parts import Desk
from broker_bridge.decode import hear
from escalation.callbacks import Callbacks
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

SECRET = "a-secret-key-of-at-least-32-characters"


def wire(built: House) -> App:
    """Every room of a house behind the doors."""
    protection = Protection(built.ledger, built.clock)
    views = Views(built.ledger, built.clock, built.on_duty, built.next_role)
    rota = Rota(built.ledger, built.standing, built.clock, lambda point: True)
    return App(
        commands=built.commands,
        views=views,
        accounts=Accounts(built.ledger),
        register=Register(built.ledger),
        drills=Drills(built.ledger, built.clock),
        tasks=Tasks(built.ledger, built.clock),
        rota=rota,
        foresight=Foresight(built.ledger, built.standing),
        checkins=Checkins(built.ledger, built.clock, built.zone),
        protection=protection,
        live_state=LiveState(built.ledger, built.clock, built.zone, protection, views),
        care=CareLine(built.ledger, built.standing, built.clock, built.tokens),
        family=Family(built.ledger, built.clock, built.tokens, built.zone),
        numbers=HomeNumbers(built.ledger, built.tokens, built.zone),
        signing=Signing(built.ledger, built.clock),
        commissioning=Commissioning(built.ledger, built.clock),
        callbacks=Callbacks(
            built.ledger, built.standing, built.clock, built.commands, built.letters, built.tokens
        ),
        doorbell=built.ledger.doorbell,
        health=dict,
        metrics=CollectorRegistry(),
        ingest=lambda message: built.intake([hear(message)])[0],
        settings=ApiSettings("https://anling.example", SECRET),
        desk=Desk.over(built.ledger, built.clock, built.zone, rota),
        reread=built.reread(),
    )
