"""Certificates: an authority of the installation's own, the broker's, one for each device, and those that ended."""

import datetime as dt
import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from domain.errors import ConfigurationError

_YEARS = dt.timedelta(days=365)
#: the authority lives long, a device's certificate as long as its battery is changed a few times
_AUTHORITY, _BROKER, _DEVICE = 20 * _YEARS, 2 * _YEARS, 5 * _YEARS
#: a list that nobody renewed must not shut everybody out
_LIST = 10 * _YEARS
_BEFORE = dt.timedelta(hours=1)


class Authority:
    """Signs for one installation. Its key stays in its folder, readable by its owner only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self._key = _load_key(folder / "ca.key")
            self._certificate = x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes())
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                [f"{folder}: no certificate authority here (ca.key, ca.crt); run `anling broker certificates` first"]
            ) from error

    @classmethod
    def found(cls, folder: Path, now: dt.datetime) -> "Authority":
        """The folder's authority, made when there is none."""
        if not (folder / "ca.key").exists():
            folder.mkdir(parents=True, exist_ok=True)
            key = ec.generate_private_key(ec.SECP256R1())
            name = _name("Anling device authority")
            usage = _usage(key_cert_sign=True, crl_sign=True)
            built = _begin(name, name, key, now, _AUTHORITY).add_extension(x509.BasicConstraints(True, 0), True)
            _write(folder / "ca.crt", _pem(built.add_extension(usage, True).sign(key, hashes.SHA256())))
            _write_key(folder / "ca.key", key)
        return cls(folder)

    def sign_broker(self, hosts: tuple[str, ...], now: dt.datetime) -> None:
        """``server.crt`` and ``server.key`` for the names and addresses that devices dial."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([_host(host) for host in hosts])
        built = _begin(_name(hosts[0]), self._certificate.subject, key, now, _BROKER)
        built = built.add_extension(names, False).add_extension(x509.BasicConstraints(False, None), True)
        built = built.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
        _write(self.folder / "server.crt", _pem(built.sign(self._key, hashes.SHA256())))
        _write_key(self.folder / "server.key", key)

    def sign_device(self, device: str, folder: Path, now: dt.datetime) -> str:
        """``{device}.crt`` and ``{device}.key`` into ``folder``. Returns the serial number in hexadecimal."""
        folder.mkdir(parents=True, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        built = _begin(_name(device), self._certificate.subject, key, now, _DEVICE)
        built = built.add_extension(x509.BasicConstraints(False, None), True)
        built = built.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)
        signed = built.sign(self._key, hashes.SHA256())
        _write(folder / f"{device}.crt", _pem(signed))
        _write_key(folder / f"{device}.key", key)
        return f"{signed.serial_number:x}"

    def list_revoked(self, revoked: Mapping[str, dt.datetime], now: dt.datetime) -> bytes:
        """The list of certificates that no longer count, as PEM."""
        built = x509.CertificateRevocationListBuilder().issuer_name(self._certificate.subject)
        built = built.last_update(now - _BEFORE).next_update(now + _LIST)
        for serial, at in sorted(revoked.items()):
            one = x509.RevokedCertificateBuilder().serial_number(int(serial, 16)).revocation_date(at).build()
            built = built.add_revoked_certificate(one)
        return built.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _begin(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: dt.datetime, lasts: dt.timedelta
) -> x509.CertificateBuilder:
    built = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
    return built.not_valid_before(now - _BEFORE).not_valid_after(now + lasts)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _usage(*, key_cert_sign: bool, crl_sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(False, False, False, False, False, key_cert_sign, crl_sign, False, False)


def _load_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("not an elliptic-curve key")
    return key


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    plain = serialization.NoEncryption()
    content = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
