"""A backup is one file: the ledger, what it holds and which key opens it. The key itself only when asked for."""

import hashlib
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from anling import key_file
from anling.settings import Settings
from domain.clock import iso
from domain.errors import ConfigurationError
from store import copying, pulses, schema
from store.copying import Content
from store.ledger import Ledger, sqlite_path
from store.seal import Sealer, key_name

_FORMAT = 1
_MANIFEST, _LEDGER, _KEY = "manifest.json", "ledger", key_file.NAME


@dataclass(frozen=True, slots=True)
class Manifest:
    """What stands on the lid."""

    format: int
    made_at: str
    #: ``sqlite`` or ``postgresql``
    database: str
    schema: str
    #: tells which key it was sealed with, and nothing about the key
    key: str
    alerts: int
    open: int
    entries: int
    homes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did."""

    manifest: Manifest
    #: where the ledger that was there before is kept
    aside: Path | None
    key_written: Path | None
    older: bool


def back_up(settings: Settings, file: Path, with_key: bool, now: datetime) -> Manifest:
    """Write and prove it; an existing file is never touched. Raises ``ConfigurationError``."""
    place = sqlite_path(settings.ledger_url)
    problems = [f"{file} is there already; name another file"] if file.exists() else []
    if place and not place.is_file():
        problems.append(f"there is no ledger at {place}: is ANLING_DATA_DIR right?")
    elif _known_key(settings) is None:
        problems.append("there is no key here (ANLING_SECRET_KEY, or secret.key in the data folder); is this it?")
    if problems:
        raise ConfigurationError(problems)
    with _workshop(file.absolute().parent) as folder:
        content = copying.copy_out(settings.ledger_url, folder / _LEDGER)
        manifest = _manifest(settings, folder / _LEDGER, content, now)
        (folder / _MANIFEST).write_text(json.dumps(asdict(manifest), indent=1))
        if with_key:
            (folder / _KEY).write_text(settings.secret())
        packed = folder / "packed"
        packed.touch(mode=0o600)
        with tarfile.open(packed, "w") as tar:
            for name in (_MANIFEST, _LEDGER, _KEY):
                if (folder / name).exists():
                    tar.add(folder / name, name, filter=_plain)
        _prove(packed)
        packed.rename(file)
    return manifest


def restore(settings: Settings, file: Path, replace: bool, now: datetime) -> Restored:
    """Put it in the ledger's place. Refuses a ledger in use, another key, and what is there (unless ``replace``).

    Raises ``ConfigurationError`` with everything that stands against it; then nothing has been changed.
    """
    manifest = read_manifest(file)
    place = sqlite_path(settings.ledger_url)
    secret, found = _key_for(settings, file, manifest)
    problems = [*_unfit(settings, manifest), *found, *_in_the_way(settings, replace, now)]
    if problems:
        raise ConfigurationError(problems)
    home = place.parent if place else settings.data_dir
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _workshop(home) as folder:
        copy = _taken_out(file, folder, manifest)
        copying.prove(settings.ledger_url, copy)
        if place:
            _opens(copy, secret)
        written = _write_key(settings, file)
        aside = copying.put_back(settings.ledger_url, copy, f"before-{now:%Y%m%dT%H%M%S}")
    return Restored(manifest, aside, written, manifest.schema < schema.HEAD)


def read_manifest(file: Path) -> Manifest:
    """What stands on the lid. Raises ``ConfigurationError`` for what is no backup of ours."""
    try:
        with tarfile.open(file) as tar:
            raw = json.loads(_member(tar, _MANIFEST).read())
        if raw.get("format") != _FORMAT:
            raise ConfigurationError([f"{file}: format {raw.get('format')} is not known here; use the newer program"])
        return Manifest(**raw)
    except (OSError, tarfile.TarError, KeyError, TypeError, ValueError) as error:
        raise ConfigurationError([f"{file}: is no backup made by `anling backup`: {type(error).__name__}"]) from error


@contextmanager
def _workshop(beside: Path) -> Iterator[Path]:
    """A folder of our own on the same disk; gone afterwards."""
    try:
        folder = Path(tempfile.mkdtemp(prefix=".anling-", dir=beside))
    except OSError as error:
        raise ConfigurationError([f"{beside}: cannot be written: {error.strerror}"]) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _manifest(settings: Settings, copy: Path, content: Content, now: datetime) -> Manifest:
    return Manifest(
        _FORMAT, iso(now), _kind(settings), content.schema, key_name(settings.secret()),
        content.alerts, content.open, content.entries, content.homes, _sha256(copy.open("rb")),
    )  # fmt: skip


def _kind(settings: Settings) -> str:
    return "sqlite" if sqlite_path(settings.ledger_url) else "postgresql"


def _plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.mode, info.uid, info.gid, info.uname, info.gname = 0o600, 0, 0, "", ""
    return info


def _prove(packed: Path) -> None:
    """Read it again from the disk, as a restore would."""
    with packed.open("rb") as written:
        os.fsync(written.fileno())
    manifest = read_manifest(packed)
    with tarfile.open(packed) as tar:
        if _sha256(_member(tar, _LEDGER)) != manifest.sha256:
            raise ConfigurationError(["the backup does not read as it was written: is the disk in order?"])


def _member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    found = tar.extractfile(name)
    if found is None:
        raise KeyError(name)
    return found


def _sha256(stream: IO[bytes]) -> str:
    with stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]


def _unfit(settings: Settings, manifest: Manifest) -> Iterator[str]:
    if manifest.schema > schema.HEAD:
        yield f"the backup is at migration {manifest.schema}, newer than this program ({schema.HEAD}); use the newer"
    if manifest.database != _kind(settings):
        yield f"the backup is of {manifest.database}, ANLING_DATABASE_URL names {_kind(settings)}"


def _key_for(settings: Settings, file: Path, manifest: Manifest) -> tuple[str, list[str]]:
    """The key that this installation has, or takes out of the backup, and what is wrong with it."""
    secret = _known_key(settings) or _packed_key(file)
    if secret is None:
        return "", ["the key is not in this backup: give it back (ANLING_SECRET_KEY, or secret.key in the data folder)"]
    if key_name(secret) != manifest.key:
        return secret, ["this backup was sealed with another key than the one here; give the key of that time"]
    return secret, []


def _known_key(settings: Settings) -> str | None:
    path = key_file.place(settings.data_dir)
    return settings.secret_key or (key_file.read(path) if path.is_file() else None)


def _packed_key(file: Path) -> str | None:
    with tarfile.open(file) as tar:
        return _member(tar, _KEY).read().decode().strip() if _KEY in tar.getnames() else None


def _write_key(settings: Settings, file: Path) -> Path | None:
    path, packed = key_file.place(settings.data_dir), _packed_key(file)
    if settings.secret_key or path.exists() or packed is None:
        return None
    key_file.lay_down(path, packed)
    return path


def _in_the_way(settings: Settings, replace: bool, now: datetime) -> Iterator[str]:
    """Whatever is there now and must not be lost."""
    place = sqlite_path(settings.ledger_url)
    if place and (not place.exists() or not place.stat().st_size):
        return
    ledger = Ledger(settings.ledger_url, Sealer("only to look" * 4))
    try:
        if schema.age(ledger) is None:
            return
        with ledger.reading() as tx:
            alive = pulses.alive(tx, now)
        if alive:
            yield f"the ledger is in use ({', '.join(alive)}): stop every `anling` that serves it, wait 30 s, try again"
        elif not replace:
            yield "there is a ledger already; --replace sets it aside (PostgreSQL: overwrites it; back it up first)"
    finally:
        ledger.close()


def _taken_out(file: Path, folder: Path, manifest: Manifest) -> Path:
    copy = folder / _LEDGER
    copy.touch(mode=0o600)
    with tarfile.open(file) as tar, _member(tar, _LEDGER) as packed, copy.open("wb") as out:
        shutil.copyfileobj(packed, out, 1 << 20)
        out.flush()
        os.fsync(out.fileno())
    if _sha256(copy.open("rb")) != manifest.sha256:
        raise ConfigurationError([f"{file} is damaged: its ledger does not have the checksum on the lid"])
    return copy


def _opens(copy: Path, secret: str) -> None:
    ledger = Ledger(f"sqlite:///{copy}", Sealer(secret))
    try:
        schema.verify_key(ledger)
    finally:
        ledger.close()


def told(done: Restored) -> list[str]:
    """What was done and what to do next."""
    lid = done.manifest
    lines = [
        f"restored the ledger of {lid.made_at}: {lid.alerts} alerts ({lid.open} open), {lid.entries} entries,"
        f" {lid.homes} homes",
    ]
    if done.aside:
        lines.append(f"the ledger that was there is {done.aside}")
    if done.key_written:
        lines.append(f"the key from the backup is {done.key_written}")
    if done.older:
        lines.append(f"it is at migration {lid.schema}: `anling serve` migrates it, or `anling db upgrade`")
    lines.append(
        f"next: `anling verify-ledger`; then start only `anling api` and close what was closed since ({lid.open} open)"
        if lid.open
        else "next: `anling verify-ledger`, then start it and run a drill"
    )
    return lines
