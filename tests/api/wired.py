"""The doors wired to a real ledger as ``anling`` wires them, without broker and senders."""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from prometheus_client import CollectorRegistry

from anling.front import app_of
from anling.house import House
from anling.ledger_here import ledger_here
from anling.settings import Settings
from api.app import ApiSettings, App
from escalation.rota import Rota
from store.accounts import Accounts
from store.register import Register
from store.site import parse_site

SECRET = "a-secret-key-of-at-least-32-characters"
#: everybody's password
WORD = "correct horse"


@contextmanager
def installed(
    folder: Path, migrated: Path, raw: Mapping[str, Any], people: Mapping[str, Sequence[Any]] = MappingProxyType({})
) -> Iterator[House]:
    """A house of its own with a site and log-ins (name -> role, streets, responder), under the district's plan."""
    shutil.copy(migrated, folder / "anling.db")
    settings = Settings(data_dir=folder, secret_key=SECRET)
    with ledger_here(settings) as ledger:
        Register(ledger).load(parse_site(json.dumps(raw).encode()))
        accounts = Accounts(ledger)
        for name, (role, *more) in people.items():
            accounts.add(name, role, WORD, *more)
        built = House(settings, ledger)
        built.enforce_plan()
        yield built


def cookies(built: House, names: Iterable[str]) -> dict[str, dict[str, str]]:
    """A browser's cookie for each log-in."""
    accounts = Accounts(built.ledger)
    return {name: {"Cookie": f"anling_session={accounts.login(name, WORD).token}"} for name in names}


def wire(built: House) -> App:
    """Every room of a house behind the doors."""
    rota = Rota(built.ledger, built.standing, built.clock, lambda point: True)
    return app_of(built, rota, ApiSettings("https://anling.example", SECRET), dict, CollectorRegistry())
