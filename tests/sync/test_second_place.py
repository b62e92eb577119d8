"""The second place: a folder, fsspec's memory, WebDAV against a real server; encrypted, read back, named last."""

from __future__ import annotations

import errno
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import fsspec
import pytest
from cheroot import wsgi
from wsgidav.wsgidav_app import WsgiDAVApp

from dutydesk import cli
from dutydesk.admin import watch
from dutydesk.core.clock import FixedClock
from dutydesk.core.errors import Damaged, Refused, Unavailable
from dutydesk.core.paths import Home
from dutydesk.core.settings import load, save
from dutydesk.journal import peers, recipe, tables, upgrade
from dutydesk.journal.store import Store
from dutydesk.journal.verify import verify_file
from dutydesk.sync import adopting, placemark, second, snapshots
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
    (place / "disk2").mkdir()
    set_second(home, second_snapshots=str(there), second_plain=True)
    made = [take(home, hours, keep=3) for hours in range(5)]
    assert made[-1].second == str(there / made[-1].path.name)
    files = {path.name: path.read_bytes() for path in there.iterdir() if path.name != placemark.NAME}
    assert files == {p.name: p.read_bytes() for p in home.snapshots.iterdir() if p.name.startswith("desk-")}
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
    expected = [f"{stem}.sqlite{ending}" for stem in stems for ending in (".age", ".sha256")]
    assert names == sorted([*expected, placemark.NAME])
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
    expected = [f"{stem}.sqlite{ending}" for stem in stems for ending in (".age", ".sha256")]
    assert names == sorted([*expected, placemark.NAME])
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
        assert names == sorted([*ours, "readme.txt", placemark.NAME])
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
        data = file.read_bytes()
        file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))

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
    assert snapshots.send_newest(home) == f"{place / 'stick'}/desk-20260619-010000.sqlite.age"
    assert sorted(path.suffix for path in (place / "stick").iterdir()) == [".age", ".json", ".sha256"]
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


# -- the disk that it was ------------------------------------------------------------------------------------------------


def test_a_stick_that_is_not_plugged_in_gets_nothing_and_neither_does_the_machine(
    home: Home, place: Path, key_file: Path
) -> None:
    stick, away = place / "media" / "stick", place / "drawer"
    stick.mkdir(parents=True)
    set_second(home, second_snapshots=str(stick))
    assert take(home).second == f"{stick}/desk-20260618-220000.sqlite.age"
    stick.rename(away)
    made = take(home, 1)
    assert "找不到，没有插上或没有挂上" in made.second_error
    assert not stick.exists(), "its folder is not made on the disk below"
    stick.mkdir()  # a mount point without its disk
    made = take(home, 2)
    assert "没有本机备份的标记" in made.second_error
    assert list(stick.iterdir()) == []
    stick.rmdir()
    away.rename(stick)
    assert take(home, 3).second_error == ""
    assert len(list(stick.glob("*.age"))) == 2


def test_another_stick_is_asked_about_and_then_one_of_two(home: Home, place: Path, key_file: Path) -> None:
    stick, first, other = place / "stick", place / "first", place / "other"
    set_second(home, second_snapshots=str(stick))
    take(home)
    stick.rename(first)
    stick.mkdir()
    assert "换了一个" in take(home, 1).second_error
    assert snapshots.send_newest(home, new_place=True).endswith("desk-20260618-230000.sqlite.age")
    for hours, (out, into) in enumerate([(other, first), (first, other)], 2):
        stick.rename(out)
        into.rename(stick)
        assert take(home, hours).second_error == "", "both are known from here on"


def test_two_desks_never_share_a_place(home: Home, place: Path, key_file: Path) -> None:
    with d.make(place / "desk2", 2) as store:
        d.add(store, "log", text="另一台")
    other = store.home
    for one in (home, other):
        set_second(one, second_snapshots=str(place / "share"), second_recipients=load(home.config).second_recipients)
    assert take(home).second_error == ""
    assert "另一台值班台" in take(other).second_error
    with pytest.raises(Refused, match="另一台值班台"):
        snapshots.send_newest(other, new_place=True)
    assert len(list((place / "share").glob("*.age"))) == 1


def test_a_desk_that_gets_another_code_keeps_its_place_and_a_copy_of_it_does_not(
    home: Home, place: Path, key_file: Path
) -> None:
    set_second(home, second_snapshots=str(place / "stick"))
    assert take(home).second_error == ""
    shutil.copytree(home.root, place / "copied")
    set_second(home, code="B7")
    assert take(home, 1).second_error == ""
    copied = Home(place / "copied")
    assert adopting.copied(copied, d.FULL, FixedClock(d.EVENING), "C3") == 2
    assert "另一台值班台" in take(copied, 2).second_error


@pytest.mark.parametrize("noise", [b"", b"[1]", b"{}", b"\xff\x00", b"[" * 4_000, b'{"desk": 7}' + b" " * 5_000])
def test_a_mark_that_is_none(home: Home, place: Path, key_file: Path, noise: bytes) -> None:
    set_second(home, second_snapshots=str(place / "stick"))
    take(home)
    (place / "stick" / placemark.NAME).write_bytes(noise)
    assert take(home, 1).second_error


class FullStick(second.Folder):
    """Has room for so many files that are no marks."""

    room = 2

    def free(self) -> int:
        return 2 * second.SLACK if self.room else -(10**9)

    def put(self, source: Path, name: str) -> None:
        if name.endswith(".age.new") and len(list(self.folder.glob("*.age"))) >= self.room:
            (self.folder / name).write_bytes(b"half of")
            raise OSError(28, "No space left on device")
        super().put(source, name)


def test_a_full_stick_lets_its_oldest_copies_go_and_never_its_newest(
    home: Home, place: Path, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(second, "Folder", FullStick)
    stick = place / "stick"
    set_second(home, second_snapshots=str(stick))
    made = [take(home, hours).path.name for hours in range(4)]
    assert sorted(path.name for path in stick.glob("desk-*.age")) == [f"{name}.age" for name in made[2:]]
    monkeypatch.setattr(FullStick, "room", 0)
    said = take(home, 5).second_error
    assert "满了，放不下这一份" in said
    kept = sorted(path.name for path in stick.glob("desk-*.age"))
    assert kept == [f"{name}.age" for name in made[2:]], "where letting go makes no room enough, nothing goes"
    assert not list(stick.glob(".*.new"))


@pytest.mark.parametrize(("number", "said"), [(30, "只能读"), (13, "没有写入的权限"), (5, "读写出错"), (116, "断开")])
def test_what_a_disk_says_is_said_in_words(
    home: Home, place: Path, key_file: Path, monkeypatch: pytest.MonkeyPatch, number: int, said: str
) -> None:
    def fails(self: second.Folder, source: Path, name: str) -> None:
        raise OSError(number, "English")

    monkeypatch.setattr(second.Folder, "put", fails)
    set_second(home, second_snapshots=str(place / "stick"))
    told = take(home).second_error
    assert said in told
    assert "English" not in told


def test_a_share_that_hangs_is_given_up_and_keeps_no_copy_from_being_made(
    home: Home, place: Path, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = threading.Event()

    def hangs(self: second.Folder) -> list[str]:
        answer.wait(20)
        return []

    monkeypatch.setattr(second.Folder, "names", hangs)
    monkeypatch.setattr(snapshots, "LEAST_WAIT", 0.05)
    set_second(home, second_snapshots=str(place / "stick"))
    try:
        assert "没有应答" in take(home).second_error
        made = take(home, 1)  # while the first is still hanging there
        assert made.path.exists()
        assert "没有应答" in made.second_error
    finally:
        answer.set()
        for thread in threading.enumerate():
            if thread.name == "dutydesk-second":
                thread.join(20)


def test_the_newest_at_a_place_is_the_one_that_was_made_last(home: Home, place: Path, key_file: Path) -> None:
    set_second(home, second_snapshots=str(place / "stick"))
    take(home, 24 * 365)  # the clock was a year ahead
    with Store.open(home, d.FULL, FixedClock(d.EVENING)) as store:
        d.add(store, "log", text="钟拨回来以后")
    made = take(home, 1)
    there = second.Folder(place / "stick")
    assert second.newest(there) == f"{made.path.name}.age"
    (place / "stick" / placemark.NAME).unlink()
    assert second.newest(there).startswith("desk-2027"), "without a mark only the names say"
    got = second.fetch(there, f"{made.path.name}.age", place)
    (place / "stick" / f"{made.path.name}.sha256").write_text(f"{'0' * 64}  x\n")
    with pytest.raises(Damaged, match="校验值不符"):
        second.fetch(there, got.name, place)
    with pytest.raises(Unavailable, match="取不回来"):
        second.fetch(there, "nothing.age", place)


# --- what a migration leaves


@pytest.fixture
def older(home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A desk of the version before this one; moving it up is one number here."""

    def moved(raw: recipe.Raw, version: int, wanted: int) -> None:
        raw.execute(f"PRAGMA user_version={wanted}")

    monkeypatch.setattr(upgrade, "move", moved)
    raw = recipe.connect(home.database)
    raw.execute(f"PRAGMA user_version={tables.VERSION - 1}")
    raw.close()
    return home


def open_(home: Home) -> Store:
    return Store.open(home, d.FULL, FixedClock(d.EVENING + HOUR))


def last_run(store: Store) -> tuple[str, str]:
    run = peers.runs(store, snapshots.SECOND, 1)[0]
    return run.state, str(run.body.get("error") or run.body.get("place"))


def test_the_copy_from_before_a_migration_goes_to_the_second_place_and_stays(
    older: Home, place: Path, key_file: Path
) -> None:
    stick = place / "stick"
    set_second(older, second_snapshots=str(stick))
    with open_(older) as store:
        assert store.upgraded is not None
        assert snapshots.send_upgraded(store) == ""
        state, where = last_run(store)
    assert state == "DONE"
    (there,) = stick.glob("desk.before-*.age")
    assert where.endswith(there.name)
    assert second.sidecar.sum_of(there) == there.with_suffix(".sha256").read_text().split()[0]
    back = place / "back.sqlite"
    second.decrypt(there, back, key_file)
    assert back.read_bytes() == upgrade.copies(older)[0].read_bytes()
    raw = recipe.connect(back, read_only=True)
    assert raw.execute("PRAGMA user_version").fetchone()[0] == tables.VERSION - 1
    raw.close()
    age = there.stat().st_mtime_ns
    for hours in (2, 3, 4):
        assert take(older, hours, keep=1).second_error == ""
    assert there.stat().st_mtime_ns == age, "once is enough, and the rotation lets it stay"
    there_ = second.Folder(stick)
    assert second.newest(there_).startswith("desk-2026"), "what is fetched is the newest, not this one"
    with open_(older) as store:
        assert store.upgraded is None


def test_a_second_place_that_is_away_does_not_stop_a_migration_and_gets_its_copy_later(
    older: Home, place: Path
) -> None:
    stick = place / "not" / "plugged"
    set_second(older, second_snapshots=str(stick), second_plain=True)
    with open_(older) as store:
        assert "找不到" in snapshots.send_upgraded(store)
        assert last_run(store)[0] == "FAILED"
        assert "找不到" in last_run(store)[1]
        assert d.ask(store, "PRAGMA user_version") == [(tables.VERSION,)]
        with store.read() as connection:
            titles = [item.title for item in watch.open_items(connection, store.clock.now())]
        assert "第二备份没有送到" in titles
        stick.mkdir(parents=True)
        assert take(older, 2).second_error == ""  # the next hour
    (there,) = stick.glob("desk.before-*.sqlite")
    label = there.with_suffix(".sha256").read_text().split()
    assert label == [second.sidecar.sum_of(there), there.name], "sha256sum -c reads it"


def test_a_full_stick_has_the_copy_of_the_hour_and_says_that_the_other_is_missing(
    older: Home, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stick = place / "stick"
    set_second(older, second_snapshots=str(stick), second_plain=True)
    open_(older).close()
    put = second.Folder.put

    def full(self: second.Folder, source: Path, name: str) -> None:
        if "before" in name and not name.endswith(".sha256.new"):
            raise OSError(errno.ENOSPC, "No space left on device")
        put(self, source, name)

    monkeypatch.setattr(second.Folder, "put", full)
    made = take(older, 2)
    assert made.second_error.startswith("升级前的备份没有送到第二处")
    assert "满了" in made.second_error
    assert (stick / made.path.name).exists()


def test_the_command_line_sends_it_too_and_goes_on(
    older: Home, place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        snapshots, "send_newest", lambda *_given, **_named: (_ for _ in ()).throw(Unavailable("没有插上"))
    )
    set_second(older, second_snapshots=str(place / "stick"), second_plain=True)
    raw = recipe.connect(older.database)
    raw.execute("UPDATE local_state SET value = '' WHERE key = 'schema'")  # the ledgers of these tests are others
    raw.close()
    assert cli.run(cli.parse(["list", "log", "--home", str(older.root)])) == 0
    assert "没有插上" in capsys.readouterr().err


def test_a_copy_from_before_a_migration_with_an_altered_act_is_none(
    older: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = upgrade._check

    def alters(raw: recipe.Raw, made: Path, version: int) -> None:
        check(raw, made, version)
        other = recipe.connect(made)
        (guard,) = other.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%UPDATE ON act%'")
        other.execute(f"DROP TRIGGER {guard[0]}")
        other.execute("UPDATE act SET body = CAST(replace(CAST(body AS TEXT), '积水', '积雪') AS BLOB)")
        other.close()

    monkeypatch.setattr(upgrade, "_check", alters)
    with pytest.raises(Damaged, match="与原文件不一致"):
        open_(older)
    assert upgrade.copies(older) == []
