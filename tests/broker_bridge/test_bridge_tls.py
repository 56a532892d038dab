"""``mqtts://``: only a broker whose certificate our authority signed."""

import ipaddress
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from broker_bridge.bridge import Bridge
from broker_bridge.settings import BridgeSettings

pytestmark = pytest.mark.mosquitto


def authority(folder: Path) -> Path:
    """A self-signed certificate for 127.0.0.1 that is its own authority; its key beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (folder / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return folder / "ca.pem"


@pytest.fixture
def secure(tmp_path: Path, broker: Any) -> Iterator[Any]:
    """Mosquitto behind TLS; its certificate lies in ``tmp_path/tls``."""
    ca = authority(tmp_path / "tls")
    lines = [f"cafile {ca}", f"certfile {ca}", f"keyfile {tmp_path}/tls/key.pem"]
    running = type(broker)(tmp_path / "secure", extra=lines)
    running.start()
    yield running
    running.kill()


def test_a_press_over_tls(secure: Any, ledger: Any, tmp_path: Path, eventually: Any) -> None:
    """With the right authority we connect and the probe comes back, bytes the TLS layer holds included."""
    settings = BridgeSettings(f"mqtts://127.0.0.1:{secure.port}", ca_file=tmp_path / "tls" / "ca.pem")
    bridge = Bridge(settings, ledger.intake, ledger.telemetry, ledger.quarantine)
    bridge.start()
    # a new session hears only what comes after it has subscribed
    eventually(lambda: bridge.health().probe_round_trip)
    for number in range(300):
        bridge.publish("anling/v1/up/dev-0001/event", b'{"type":"sos","seq":%d}' % number)

    eventually(lambda: len(ledger.kept) == 300)
    bridge.stop()
    assert len(ledger.kept) == 300
    assert bridge.health().probe_round_trip


# after a failed handshake paho leaves the socket to the garbage collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_stranger_is_not_believed(secure: Any, ledger: Any, tmp_path: Path) -> None:
    """Another authority: no connection, and no end of trying."""
    settings = BridgeSettings(f"mqtts://127.0.0.1:{secure.port}", ca_file=authority(tmp_path / "other"))
    bridge = Bridge(settings, ledger.intake, ledger.telemetry, ledger.quarantine)
    bridge.start()

    time.sleep(1.5)

    connected = bridge.health().lane("alarm").epoch
    alive = all(lane.alive for lane in bridge._lanes.values())
    bridge.stop()
    assert not connected
    assert alive
