"""The second place: a folder, fsspec's memory, WebDAV against a real server; encrypted, read back, named last."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import fsspec
import pytest
from cheroot import wsgi
from wsgidav.wsgidav_app import WsgiDAVApp

from dutydesk.core.clock import FixedClock
from dutydesk.core.errors import Refused, Unavailable
from dutydesk.core.paths import Home
from dutydesk.core.settings import load, save
from dutydesk.journal import peers, recipe
from dutydesk.journal.store import Store
from dutydesk.journal.verify import verify_file
from dutydesk.sync import second, snapshots
from dutydesk.sync.rotation import Rotation
from tests.journal import desks as d

HOUR = 3_600_000


@pytest.fixture
def place() -> Iterator[Path]:
    with d.quick_folder() as folder:
        yield folder


@pytest.fixture
def home(place: Path) -> Home:
    with d.make(place / "desk") as store:
        d.add(store, "log", text="接报积水", party_phone="13800000000")
    return store.home


def set_second(home: Home, **named: Any) -> None:
    save(home.config, replace(load(home.config), **named))


def take(home: Home, hours: float = 0, keep: int = 24) -> snapshots.Snapshot:
    clock = FixedClock(d.EVENING + int(hours * HOUR))
    return snapshots.take(home, d.FULL, clock, rule=Rotation(keep, 0, 0, 0))


@pytest.fixture
def key_file(home: Home, place: Path) -> Path:
    """A key pair; the desk encrypts for it."""
    file = place / "recovery.key"
    set_second(home, second_recipients=second.new_key(file))
    return file


@pytest.fixture
def webdav(place: Path) -> Iterator[tuple[str, Path]]:
    """A WebDAV server on loopback with a login; its address and its folder."""
    folder = place / "dav"
    (folder / "desks").mkdir(parents=True)
    app = WsgiDAVApp(
        {
            "provider_mapping": {"/": str(folder)},
            "simple_dc": {"user_mapping": {"*": {"desk": {"password": "口令pass"}}}},
            "http_authenticator": {"accept_basic": True, "accept_digest": False, "default_to_digest": False},
            "verbose": 0,
            "logging": {"enable": False},
        }
    )
    server = wsgi.Server(("127.0.0.1", 0), app, numthreads=2)
    server.prepare()
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    yield f"webdav+http://desk@127.0.0.1:{server.bind_addr[1]}/desks/一号", folder / "desks" / "一号"
    server.stop()
    thread.join(10)


def opened(file: Path, key_file: Path, into: Path) -> list[str]:
    """The log of an encrypted copy."""
    second.decrypt(file, into, key_file)
    assert verify_file(into, d.FULL, deep=True).ok
    raw = recipe.connect(into, read_only=True)
    found = [str(text) for (text,) in raw.execute("SELECT text FROM log ORDER BY no").fetchall()]
    raw.close()
    return found


def test_a_plain_folder_gets_the_same_files_and_the_same_rotation(home: Home, place: Path) -> None:
    there = place / "disk2" / "值班备份"
    set_second(home, second_snapshots=str(there), second_plain=True)
    made = [take(home, hours, keep=3) for hours in range(5)]
    assert made[-1].second == str(there / made[-1].path.name)
    files = {path.name: path.read_bytes() for path in there.iterdir()}
    assert files == {p.name: p.read_bytes() for p in home.snapshots.iterdir() if p.name != ".lock"}
    assert len(files) == 6


def test_what_leaves_is_encrypted_or_does_not_leave(home: Home, place: Path) -> None:
    there = place / "stick"
    set_second(home, second_snapshots=str(there))
    made = take(home)
    assert made.second == ""
    assert "加密" in made.second_error
    assert not there.exists() or not list(there.iterdir())
    set_second(home, second_recipients="age1nokey")
    assert "不是 age 公钥" in take(home, 1).second_error


def test_a_share_is_never_plain(home: Home, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipe, "mounts", lambda: [("/", "ext4"), (str(place / "share"), "cifs")])
    set_second(home, second_snapshots=str(place / "share"), second_plain=True)
    assert "加密" in take(home).second_error
    assert not list(home.root.rglob("share/*"))


def test_an_encrypted_stick(home: Home, place: Path, key_file: Path) -> None:
    there = place / "stick"
    set_second(home, second_snapshots=str(there))
    made = [take(home, hours, keep=2) for hours in range(3)]
    names = sorted(path.name for path in there.iterdir())
    stems = [one.path.stem for one in made[1:]]
    assert names == sorted(f"{stem}.sqlite{ending}" for stem in stems for ending in (".age", ".sha256"))
    assert b"SQLite format" not in (there / f"{stems[1]}.sqlite.age").read_bytes()[:4_096]
    assert opened(there / f"{stems[1]}.sqlite.age", key_file, place / "out.sqlite") == ["接报积水"]
    other = place / "other.key"
    second.new_key(other)
    with pytest.raises(Refused, match="解不开"):
        second.decrypt(there / f"{stems[1]}.sqlite.age", place / "no.sqlite", other)
    assert not (place / "no.sqlite").exists()
    with pytest.raises(Refused, match="不会覆盖"):
        second.new_key(key_file)
    assert key_file.stat().st_mode & 0o077 == 0


def test_webdav(home: Home, place: Path, key_file: Path, webdav: tuple[str, Path]) -> None:
    address, folder = webdav
    (place / "login").write_text("口令pass\n", encoding="utf-8")
    set_second(home, second_snapshots=address, second_password_file=str(place / "login"))
    made = [take(home, hours, keep=2) for hours in range(3)]
    assert [one.second_error for one in made] == ["", "", ""]
    names = sorted(path.name for path in folder.iterdir())
    stems = [one.path.stem for one in made[1:]]
    assert names == sorted(f"{stem}.sqlite{ending}" for stem in stems for ending in (".age", ".sha256"))
    assert opened(folder / f"{stems[-1]}.sqlite.age", key_file, place / "out.sqlite") == ["接报积水"]


def test_webdav_with_a_wrong_password_and_without_a_server(
    home: Home, place: Path, key_file: Path, webdav: tuple[str, Path]
) -> None:
    address, folder = webdav
    (place / "login").write_text("wrong", encoding="utf-8")
    set_second(home, second_snapshots=address, second_password_file=str(place / "login"))
    made = take(home)
    assert "第二备份没有写成" in made.second_error
    assert made.path.exists()
    assert not folder.exists()
    set_second(home, second_snapshots="webdav+http://127.0.0.1:9/desks")
    assert "第二备份没有写成" in take(home, 1).second_error


def test_memory(home: Home, key_file: Path) -> None:
    set_second(home, second_snapshots="memory://night/desks")
    files: Any = fsspec.filesystem("memory")
    try:
        files.makedirs("/night/desks", exist_ok=True)
        files.pipe_file("/night/desks/.desk-20200101-000000.sqlite.age.new", b"half")
        files.pipe_file("/night/desks/readme.txt", b"kept")
        stems = [take(home, hours, keep=2).path.stem for hours in range(4)][2:]
        names = sorted(name.rpartition("/")[2] for name in files.ls("/night/desks", detail=False))
        ours = [f"{stem}.sqlite{ending}" for stem in stems for ending in (".age", ".sha256")]
        assert names == sorted([*ours, "readme.txt"])
    finally:
        files.rm("/night", recursive=True)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("ftp://somewhere/x", "应为文件夹或"),
        ("webdav://desk:pass@host.example/x", "口令不要写在地址里"),
        ("webdav+http://host.example/x", "加密连接"),
    ],
)
def test_addresses_that_are_refused(home: Home, key_file: Path, address: str, said: str) -> None:
    set_second(home, second_snapshots=address)
    made = take(home)
    assert said in made.second_error
    assert made.path.exists()


@pytest.mark.parametrize("scheme", ["sftp", "s3"])
def test_a_library_that_is_not_installed_is_said(
    home: Home, key_file: Path, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = second.importlib.import_module

    def missing(name: str) -> Any:
        if name == "pyrage":
            return plain(name)
        raise ModuleNotFoundError(name, name=name)

    monkeypatch.setattr(second.importlib, "import_module", missing)
    set_second(home, second_snapshots=f"{scheme}://desk@host.example/x")
    assert "没有安装" in take(home).second_error


def test_a_copy_that_reads_back_differently_does_not_count(
    home: Home, place: Path, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_second(home, second_snapshots=str(place / "stick"))
    plain = second.Folder.put

    def bad_stick(self: second.Folder, source: Path, name: str) -> None:
        plain(self, source, name)
        file = self.folder / name
        file.write_bytes(file.read_bytes()[:-1] + b"?")

    monkeypatch.setattr(second.Folder, "put", bad_stick)
    assert "读回不一致" in take(home).second_error
    assert list((place / "stick").iterdir()) == []


def test_a_place_that_is_gone_is_said_and_tried_again(home: Home, place: Path, key_file: Path) -> None:
    (place / "stick").write_text("没有插好", encoding="utf-8")
    set_second(home, second_snapshots=str(place / "stick"))
    for hours in range(4):
        assert "第二备份没有写成" in take(home, hours, keep=2).second_error
    assert len(snapshots.snapshots(home.snapshots)) == 2, "rotated all the same"
    with pytest.raises(Unavailable):
        snapshots.send_newest(home)
    (place / "stick").unlink()
    assert snapshots.send_newest(home) == "desk-20260619-010000.sqlite.age"
    assert sorted(path.suffix for path in (place / "stick").iterdir()) == [".age", ".sha256"]
    assert snapshots.send_newest(home), "there already: nothing to do"


def test_what_came_of_it_is_kept_as_rows(home: Home, place: Path) -> None:
    made = replace(take(home), second_error="没有插好")
    with Store.open(home, d.FULL, FixedClock(d.EVENING)) as store:
        snapshots.note(store, snapshots.told(made))
        snapshots.note(store, {"error": "磁盘已满"})
        snapshots.note_second(store, "/mnt/x", "")
        copies, ways = peers.runs(store, snapshots.JOB), peers.runs(store, snapshots.SECOND)
        assert store.state(snapshots.LAST) == str(made.at), "a copy that was not made is not the last one"
    assert [(run.state, run.body.get("error", "")) for run in copies] == [("FAILED", "磁盘已满"), ("DONE", "")]
    assert copies[1].body["full"] is True
    assert [(run.state, run.body) for run in ways] == [
        ("DONE", {"place": "/mnt/x"}),
        ("FAILED", {"error": "没有插好"}),
    ]
