"""Fixtures of sync: the server, a fresh hub on it, and desks that are enrolled there."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from dutydesk.core.ids import new_id
from dutydesk.sync.hub import Hub, numbered
from tests.journal import desks as d
from tests.sync.fleet import Fleet
from tests.sync.servers import Server

_made = 0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "server" in getattr(item, "fixturenames", ()):
            item.add_marker("server")


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One PostgreSQL for all tests of a process."""
    made = Server(quick=True)
    yield made
    made.close()


@pytest.fixture(scope="session")
def hub_template(server: Server) -> str:
    """A database with a hub, made and empty, to be copied."""
    server.execute("postgres", "CREATE DATABASE hub_template")
    with Hub.connect(server.url("hub_template")) as hub:
        assert hub.init(new_id(d.EVENING)) == [number for number, _script in numbered()]
    return "hub_template"


@pytest.fixture
def database(server: Server, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of this test alone: empty, or a hub where the test asks for `hub_url`."""
    global _made
    _made += 1
    name = f"hub{_made}"
    copied = request.getfixturevalue("hub_template") if "hub_url" in request.fixturenames else "template1"
    server.execute("postgres", f"CREATE DATABASE {name} TEMPLATE {copied} STRATEGY = FILE_COPY")
    yield name
    server.execute("postgres", f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def hub_url(server: Server, database: str) -> str:
    """A hub, made and empty; the owner's address."""
    return server.url(database)


@pytest.fixture
def folder() -> Generator[Path]:
    with d.quick_folder() as path:
        yield path


@pytest.fixture
def fleet(server: Server, hub_url: str, folder: Path) -> Iterator[Fleet]:
    """Desks by number, enrolled at a hub."""
    made = Fleet(server, hub_url, folder)
    yield made
    made.close()
