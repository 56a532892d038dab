"""The world outside in one process: telephones, people, webhook responders and the 120 desk.

python -m simulators.world --port 9000 --people people.json
"""

import argparse
import json
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulators.behaviour import BadBehaviour, parse_turns
from simulators.control import Control
from simulators.desk import Desk
from simulators.people import People, parse_person
from simulators.phones import Phones
from simulators.responders import Responders
from simulators.stage import BadSettings, Settings, Stage

HOST = "127.0.0.1"
_SECTIONS = frozenset(
    {
        "public_url", "sms_url", "default", "people", "twilio", "webhook_secret", "desk_secret", "time_scale",
        "faults", "fault_share", "fault_seed", "calls_per_second",
    }
)


class BadWorld(ValueError):
    """The people file or the secrets file cannot be used; the message says what to change."""


def build(stage: Stage) -> Starlette:
    """Return the web application in which everybody outside lives."""
    phones, responders, desk = Phones(stage), Responders(stage), Desk(stage)

    async def someone(request: Request) -> Response:
        kind = stage.people.find(request.path_params["who"]).kind
        return await (desk.receive(request) if kind == "desk" else responders.receive(request))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        stage.reset()
        stage.line.close()

    routes = [
        *Control(stage, phones, desk).routes(),
        *phones.routes(),
        Route("/desk/{who}", desk.receive, methods=["POST"]),
        Route("/{who}", someone, methods=["POST"]),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


def read_world(raw: Mapping[str, Any], settings: Settings, seed: int | None = None) -> Stage:
    """Return the stage that a people file describes; raise ``BadWorld`` when it cannot be."""
    unknown = set(raw) - _SECTIONS
    if unknown:
        raise BadWorld(f"unknown section {', '.join(sorted(unknown))}; known: {', '.join(sorted(_SECTIONS))}")
    try:
        people = {who: parse_person(who, person) for who, person in raw.get("people", {}).items()}
        default = parse_turns(raw["default"]) if "default" in raw else ()
        return Stage(settings.changed(_wiring(raw)), People(people, default), seed)
    except (BadBehaviour, BadSettings) as error:
        raise BadWorld(str(error)) from error


def _wiring(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings named in a people or secrets file."""
    wiring = {name: raw[name] for name in _SECTIONS - {"default", "people", "twilio"} if name in raw}
    account = raw.get("twilio", {})
    return wiring | {f"twilio_{name}": account[name] for name in ("sid", "token") if name in account}


def _load(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        raw = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadWorld(f"{path}: {error}") from error
    if not isinstance(raw, dict):
        raise BadWorld(f"{path}: one JSON object is wanted")
    return raw


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulators.world", description=__doc__)
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--people", type=Path, help="people.json: who is outside and how they behave")
    parser.add_argument(
        "--secrets-file", type=Path, help="twilio, webhook_secret and desk_secret as in people.json"
    )
    parser.add_argument("--seed", type=int, help="the same seed draws the same waits and identifiers")
    parser.add_argument("--time-scale", type=float, help="every wait is multiplied by this (1.0)")
    parser.add_argument("--faults", help='what goes wrong: "busy,429,lost" or "all"')
    parser.add_argument("--fault-share", type=float, help="the share of calls and messages that goes wrong")
    parser.add_argument("--fault-seed", type=int, help="the same seed, the same faults")
    parser.add_argument("--calls-per-second", type=int, help="the carrier takes no more (429); 0: no limit")
    parser.add_argument("--public-url", help="where the product is reached")
    parser.add_argument("--sms-url", help="where incoming text messages go")
    parser.add_argument("--twilio-sid")
    parser.add_argument("--twilio-token")
    parser.add_argument("--webhook-secret")
    parser.add_argument("--desk-secret")
    return parser.parse_args(argv)


def _stage(arguments: argparse.Namespace) -> Stage:
    """The command line wins over the secrets file, which wins over the people file."""
    named = (
        "public_url",
        "sms_url",
        "time_scale",
        "twilio_sid",
        "twilio_token",
        "webhook_secret",
        "desk_secret",
        "faults",
        "fault_share",
        "fault_seed",
        "calls_per_second",
    )
    stage = read_world(_load(arguments.people), Settings(), arguments.seed)
    stage.change(_wiring(_load(arguments.secrets_file)))
    given = {name: getattr(arguments, name) for name in named}
    stage.change({name: value for name, value in given.items() if value is not None})
    return stage


def main(argv: Sequence[str] | None = None) -> int:
    """Run until stopped; 2 when a file or setting cannot be used."""
    arguments = _arguments(argv)
    try:
        stage = _stage(arguments)
    except (BadWorld, BadSettings) as error:
        print(f"simulators.world: {error}", file=sys.stderr)
        return 2
    print(f"the world outside: http://{HOST}:{arguments.port}", flush=True)
    app = build(stage)
    uvicorn.run(app, host=HOST, port=arguments.port, log_level="warning", timeout_graceful_shutdown=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
