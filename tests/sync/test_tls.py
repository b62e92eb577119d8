"""TLS to the hub: the pinned authority decides, and less than a verified connection is refused.

The server of the wheel is built without TLS, so that a real TLS end stands in front of it, as PostgreSQL's own begins.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from dutydesk.core.errors import Refused, Unavailable
from dutydesk.core.paths import Home
from dutydesk.core.settings import load
from dutydesk.sync import joining, protocol
from dutydesk.sync.hub import Hub, target
from tests.cli.lines import Line
from tests.sync.fleet import PASSWORD, Fleet
from tests.sync.proxy import TlsFront
from tests.sync.servers import HOST, Server

EARLY, LATE = dt.datetime(2020, 1, 1, tzinfo=dt.UTC), dt.datetime(2120, 1, 1, tzinfo=dt.UTC)


class Authority:
    """An authority of one's own, as a city may have it."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self._key = ec.generate_private_key(ec.SECP256R1())
        made = self._builder(self._name, self._key.public_key(), EARLY, LATE).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self.file = folder / f"{name}.crt"
        self.file.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def _builder(self, subject: x509.Name, key: Any, start: dt.datetime, end: dt.datetime) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
        )

    def server(self, name: str, *, start: dt.datetime = EARLY, end: dt.datetime = LATE) -> tuple[Path, Path]:
        """A certificate of a server on this machine, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        made = self._builder(subject, key.public_key(), start, end).add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]), critical=False
        )
        cert, secret = self._folder / f"{name}.crt", self._folder / f"{name}.key"
        cert.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        secret.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return cert, secret


@pytest.fixture
def city(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "city")


def test_the_pinned_authority_decides(server: Server, fleet: Fleet, city: Authority, tmp_path: Path) -> None:
    store = fleet.add(1)
    with TlsFront(server.port, *city.server("hub")) as front:
        url = fleet.url(1, front.port)
        with Hub.connect(url, ca=str(city.file), password=PASSWORD) as hub:
            assert hub.hello().incarnation == 1
            assert hub._connection.pgconn.ssl_in_use
        with pytest.raises(Unavailable, match="没有通过验证"):
            Hub.connect(url, ca=str(Authority(tmp_path, "other").file), password=PASSWORD)
        with pytest.raises(Unavailable, match="不是发给这个主机名的"):
            Hub.connect(url.replace(HOST, "localhost"), ca=str(city.file), password=PASSWORD)
        store.config = type(store.config)(store.config.desk, code="D1", hub=url, hub_ca=str(city.file))
        protocol.remember_login(store, url, PASSWORD)
        from dutydesk.journal.desk import Desk, Me

        assert protocol.run(Desk(store, store.clock, Me(), ())).ok, "a whole run over it"


@pytest.mark.parametrize(
    ("start", "end"),
    [(EARLY, EARLY + dt.timedelta(days=1)), (LATE - dt.timedelta(days=1), LATE)],
    ids=["expired", "not yet valid"],
)
def test_a_certificate_out_of_its_time_is_refused(
    server: Server, fleet: Fleet, city: Authority, start: dt.datetime, end: dt.datetime
) -> None:
    fleet.add(1)
    with (
        TlsFront(server.port, *city.server("hub", start=start, end=end)) as front,
        pytest.raises(Unavailable, match="没有通过验证"),
    ):
        Hub.connect(fleet.url(1, front.port), ca=str(city.file), password=PASSWORD)


def test_a_line_without_tls_is_refused_where_an_authority_is_pinned(fleet: Fleet, city: Authority) -> None:
    fleet.add(1)
    with pytest.raises(Unavailable, match="不支持加密"):
        Hub.connect(fleet.url(1), ca=str(city.file), password=PASSWORD)


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require", "verify-ca"])
def test_to_another_machine_nothing_less_is_asked_for(city: Authority, mode: str) -> None:
    assert target("postgresql://hub.example/x").params["sslmode"] == "verify-full"
    assert target("postgresql://hub.example/x").params["sslrootcert"] == "system"
    assert target("postgresql://hub.example/x", ca=str(city.file)).params["sslrootcert"] == str(city.file)
    with pytest.raises(Refused, match="验证证书"):
        target(f"postgresql://hub.example/x?sslmode={mode}", ca=str(city.file))


def test_the_owners_file_brings_the_authority_along(
    server: Server, fleet: Fleet, city: Authority, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = Line(tmp_path / "desk", lambda: tuple(capsys.readouterr()))  # pyright: ignore[reportArgumentType]
    assert line("init", "--district", "330102", "--name", "甲席", "--unit", "某局", "--code", "A").code == 0
    card, note = tmp_path / "a.card", tmp_path / "a.txt"
    assert line("hub", "card", card).code == 0
    with TlsFront(server.port, *city.server("hub")) as front:
        url = server.url(fleet.database, port=front.port)
        words = ("--card", card, "--login", f"{fleet.database}_a", "--out", note)
        said = line("hub", "enrol", url, "--ca", city.file, *words)
        assert said.code == 0, said.err
        assert line("hub", "join", note).code == 0
        config = load(Home(line.home).config)
        assert config.hub_ca == str(Path(line.home) / joining.CA_FILE)
        assert Path(config.hub_ca).read_text() == city.file.read_text()
        assert line.ok("sync")["ok"] is True
    with pytest.raises(Refused, match="不是证书文件"):
        joining.write_secret(note, url, "x", str(card))
