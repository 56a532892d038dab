"""Letters over TLS: to whom the certificate belongs, and to nobody else."""

import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from channels.connections import Connections
from channels.exchange import Answer, Exchange
from domain.contacts import FailedForNow


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for ``localhost`` that is its own authority, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path / "localhost.pem"
    path.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return path


class TlsDoor(NamedTuple):
    """Where it is, and the handshakes it has seen."""

    port: int
    handshakes: list[str]


@pytest.fixture
def door(certificate: Path) -> Iterator[TlsDoor]:
    """A TLS door on this machine that answers many letters on one line."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    listener = socket.create_server(("127.0.0.1", 0))
    handshakes: list[str] = []

    def serve() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(plain, server_side=True) as line:
                    handshakes.append(line.version() or "")
                    while line.recv(65536):
                        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            except OSError:
                plain.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield TlsDoor(listener.getsockname()[1], handshakes)
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


def _exchange(certificate: Path) -> Exchange:
    return Exchange(Connections(tls=ssl.create_default_context(cafile=str(certificate))), read=2.0)


def test_a_known_certificate_is_spoken_to(certificate: Path, door: TlsDoor) -> None:
    """Twice on one handshake."""
    exchange = _exchange(certificate)

    answers = [exchange.post(f"https://localhost:{door.port}/", {}, b"{}") for _ in range(2)]

    exchange.close()
    assert [Answer(200, b"{}")] * 2 == answers
    assert ["TLSv1.3"] == door.handshakes


def test_another_name_is_not(certificate: Path, door: TlsDoor) -> None:
    """Names and addresses of old people are told to nobody else."""
    exchange = _exchange(certificate)

    answer = exchange.post(f"https://127.0.0.1:{door.port}/", {}, b"{}")

    exchange.close()
    assert FailedForNow("no connection", code="connect") == answer


def test_an_unknown_authority_is_not(door: TlsDoor) -> None:
    """Without the file it could be anybody."""
    exchange = Exchange(read=2.0)

    answer = exchange.post(f"https://localhost:{door.port}/", {}, b"{}")

    exchange.close()
    assert FailedForNow("no connection", code="connect") == answer
