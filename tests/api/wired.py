"""The doors wired to a real ledger as ``anling`` wires them, without broker and senders."""

from prometheus_client import CollectorRegistry

from anling.front import app_of
from anling.house import House
from api.app import ApiSettings, App
from escalation.rota import Rota

SECRET = "a-secret-key-of-at-least-32-characters"


def wire(built: House) -> App:
    """Every room of a house behind the doors."""
    rota = Rota(built.ledger, built.standing, built.clock, lambda point: True)
    return app_of(built, rota, ApiSettings("https://anling.example", SECRET), dict, CollectorRegistry())
