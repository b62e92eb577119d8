"""The desk's files before SQLite sees them: what is missing, foreign, cut off or broken is said and not opened."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dutydesk.core.clock import FixedClock
from dutydesk.core.errors import Damaged, Refused, Unavailable
from dutydesk.core.paths import Home
from dutydesk.core.settings import save
from dutydesk.journal import headfile, recipe
from dutydesk.journal.locks import DeskLock
from dutydesk.journal.making import make_tables
from dutydesk.journal.store import Store
from dutydesk.journal.verify import verify
from tests.journal import desks as d


def reopen(home: Home, key: bytes | None = None) -> Store:
    return Store.open(home, d.FULL, FixedClock(d.EVENING), key=key)


def names(store: Store) -> list[str]:
    return [name for (name,) in d.ask(store, "SELECT name FROM people ORDER BY _n")]


def copied(home: Home, to: Path) -> Home:
    """The folder as a power cut would leave it."""
    shutil.copytree(home.root, to)
    return Home(to)


def wal_of(home: Home) -> Path:
    return home.root / "desk.sqlite-wal"


@pytest.fixture(params=[None, d.KEY], ids=["plain", "encrypted"])
def key(request: pytest.FixtureRequest) -> bytes | None:
    return request.param


@pytest.fixture
def cut(tmp_path: Path, key: bytes | None) -> Home:
    """A desk with three people, two of them in the `-wal` alone, stopped by a power cut."""
    with d.make(tmp_path / "first", key=key) as store:
        d.add(store, "people", name="钱一")
        store._raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]
        d.add(store, "people", name="孙二")
        d.add(store, "people", name="李三")
        return copied(store.home, tmp_path / "cut")


@pytest.fixture
def closed(tmp_path: Path, key: bytes | None) -> Home:
    """A desk with two people, closed in order."""
    with d.make(tmp_path / "closed", key=key) as store:
        d.add(store, "people", name="钱一")
        d.add(store, "people", name="孙二")
    return store.home


def state(home: Home) -> dict[str, bytes]:
    """Every file that holds the record."""
    return {path.name: path.read_bytes() for path in home.root.iterdir() if path.is_file() and "lock" not in path.name}


# --- after a power cut


def test_a_power_cut_loses_nothing(cut: Home, key: bytes | None) -> None:
    head = headfile.read(cut.head)
    assert head is not None
    assert (head.seq, head.clean, head.salt) == (4, False, wal_of(cut).read_bytes()[16:24])
    with reopen(cut, key) as store:
        assert names(store) == ["钱一", "孙二", "李三"]
        assert store.notes == []
    head = headfile.read(cut.head)
    assert head is not None
    assert head.clean
    assert not wal_of(cut).exists()


def test_a_missing_wal_is_found_and_nothing_is_touched(cut: Home, key: bytes | None) -> None:
    wal_of(cut).unlink()
    before = cut.database.read_bytes(), cut.head.read_bytes()
    with pytest.raises(Damaged, match=r"第 4 条.*第 2 条"):
        reopen(cut, key)
    assert (cut.database.read_bytes(), cut.head.read_bytes()) == before
    report = verify(cut, d.FULL, key)
    assert not report.ok
    assert any("第 4 条" in fault.what for fault in report.problems)


def test_a_cut_off_wal_is_found(cut: Home, key: bytes | None) -> None:
    content = wal_of(cut).read_bytes()
    wal_of(cut).write_bytes(content[: len(content) // 2])
    with pytest.raises(Damaged, match="记录缺失"):
        reopen(cut, key)


def test_a_foreign_wal_is_moved_aside(cut: Home, tmp_path: Path, key: bytes | None) -> None:
    with d.make(tmp_path / "foreign", 2, key=key) as other:
        d.add(other, "people", name="外人")
        shutil.copy(wal_of(other.home), wal_of(cut))
    content = wal_of(cut).read_bytes()
    assert any("不是本机上次写下的" in fault.what for fault in verify(cut, d.FULL, key).problems)
    assert wal_of(cut).read_bytes() == content, "verify touches nothing"
    with pytest.raises(Damaged, match="记录缺失"):
        reopen(cut, key)
    (aside,) = cut.root.glob("desk.sqlite-wal.aside-*")
    assert aside.read_bytes() == content


def test_a_stale_wal_after_a_clean_stop_is_moved_aside(closed: Home, tmp_path: Path, key: bytes | None) -> None:
    with reopen(closed, key) as store:
        d.add(store, "people", name="李三")
        stale = wal_of(closed).read_bytes()
    wal_of(closed).write_bytes(stale)
    with reopen(closed, key) as store:
        assert [note for note in store.notes if "移到一边" in note]
        assert names(store) == ["钱一", "孙二", "李三"]
    assert list(closed.root.glob("desk.sqlite-wal.aside-*"))


def test_a_wal_that_was_begun_anew_is_our_own(tmp_path: Path, key: bytes | None) -> None:
    """A commit that restarts the WAL and a power cut before `desk.head` is written again."""
    with d.make(tmp_path / "desk", key=key) as store:
        d.add(store, "people", name="钱一")
        old = store.home.head.read_bytes()
        store._raw.execute("PRAGMA wal_checkpoint(RESTART)")  # type: ignore[union-attr]
        d.add(store, "people", name="孙二")
        home = copied(store.home, tmp_path / "cut")
    salt = headfile.read(home.head)
    home.head.write_bytes(old)
    before = headfile.read(home.head)
    assert salt is not None
    assert before is not None
    assert salt.salt != before.salt
    with reopen(home, key) as store:
        assert names(store) == ["钱一", "孙二"]
        assert store.notes == []


def test_an_empty_wal_is_nothing(closed: Home, key: bytes | None) -> None:
    wal_of(closed).write_bytes(b"")
    with reopen(closed, key) as store:
        assert store.notes == []


# --- the database itself


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda path: path.write_bytes(b""), "0 字节"),
        (lambda path: path.unlink(), "不见了"),
        (lambda path: path.write_bytes(b"x" * 8192), "不是数据库"),
        (lambda path: path.write_bytes(path.read_bytes()[:50]), "不是数据库"),
        (lambda path: path.write_bytes(b"SQLite format 2\0" + path.read_bytes()[16:]), "不是数据库"),
        (lambda path: path.write_bytes(path.read_bytes()[:-4096]), "被截断"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "被截断"),
        (lambda path: path.write_bytes(path.read_bytes()[:4096]), "被截断"),
    ],
    ids=["empty", "gone", "garbage", "stub", "other magic", "a page less", "a byte less", "one page"],
)
def test_a_harmed_database_is_named_and_not_touched(tmp_path: Path, harm: Any, said: str) -> None:
    with d.make(tmp_path / "desk") as store:
        d.add(store, "people", name="钱一")
    harm(store.home.database)
    before = state(store.home)
    with pytest.raises(Damaged, match=said):
        reopen(store.home)
    report = verify(store.home, d.FULL)
    assert not report.ok
    assert said in report.problems[0].what
    assert state(store.home) == before


@pytest.mark.parametrize("kept", [0, 50, 4096])
def test_a_harmed_encrypted_database_is_damage_too(tmp_path: Path, kept: int) -> None:
    with d.make(tmp_path / "desk", key=d.KEY) as store:
        d.add(store, "people", name="钱一")
    path = store.home.database
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(Damaged):
        reopen(store.home, d.KEY)
    assert not verify(store.home, d.FULL, d.KEY).ok


def test_a_broken_page_is_found_after_an_unclean_stop(tmp_path: Path, key: bytes | None) -> None:
    with d.make(tmp_path / "desk", key=key) as store:
        for start in range(0, 400, 100):
            store.act("test", [d.new("people", {"name": f"某{n}"}) for n in range(start, start + 100)], by="cli")
        root = d.ask(store, "SELECT rootpage FROM sqlite_master WHERE name = 'act'")[0][0]
    content = bytearray(store.home.database.read_bytes())
    content[(root - 1) * 4096 : root * 4096] = bytes(4096)
    store.home.database.write_bytes(content)
    head = headfile.read(store.home.head)
    assert head is not None
    kept = headfile.HeadFile(store.home.head)
    kept.write(headfile.Head(head.desk, head.epoch, head.seq, head.hash, bytes(8), head.machine, clean=False))
    kept.close()
    before = store.home.database.read_bytes()
    with pytest.raises(Damaged):
        reopen(store.home, key)
    assert not verify(store.home, d.FULL, key).ok
    assert store.home.database.read_bytes() == before


# --- desk.head


@pytest.mark.parametrize("cut_to", [0, 1, 60, 92, -1])
def test_a_head_that_was_cut_off_is_no_head(closed: Home, key: bytes | None, cut_to: int) -> None:
    closed.head.write_bytes(closed.head.read_bytes()[:cut_to])
    assert headfile.read(closed.head) is None
    with reopen(closed, key) as store:
        assert names(store) == ["钱一", "孙二"]
    assert headfile.read(closed.head) is not None


def test_a_missing_head_is_written_again(closed: Home, key: bytes | None) -> None:
    closed.head.unlink()
    reopen(closed, key).close()
    head = headfile.read(closed.head)
    assert head is not None
    assert (head.seq, head.clean) == (3, True)


def test_a_flipped_bit_makes_no_head(closed: Home, key: bytes | None) -> None:
    content = closed.head.read_bytes()
    for at in range(0, len(content), 7):
        closed.head.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        assert headfile.read(closed.head) is None


def test_a_record_that_says_something_else_is_found(closed: Home, key: bytes | None) -> None:
    head = headfile.read(closed.head)
    assert head is not None
    kept = headfile.HeadFile(closed.head)
    kept.write(headfile.Head(head.desk, head.epoch, head.seq, b"o" * 32, head.salt, head.machine, clean=True))
    kept.close()
    with pytest.raises(Damaged, match="被改动"):
        reopen(closed, key)


def test_an_older_copy_of_the_database_is_found(closed: Home, key: bytes | None) -> None:
    older = closed.database.read_bytes()
    with reopen(closed, key) as store:
        d.add(store, "people", name="李三")
    closed.database.write_bytes(older)
    with pytest.raises(Damaged, match=r"第 4 条.*第 3 条"):
        reopen(closed, key)


def test_a_head_behind_the_database_is_no_damage(closed: Home, key: bytes | None) -> None:
    """It is not synced: after a power cut it may be older than the record."""
    older = closed.head.read_bytes()
    with reopen(closed, key) as store:
        d.add(store, "people", name="李三")
    closed.head.write_bytes(older)
    with reopen(closed, key) as store:
        assert names(store) == ["钱一", "孙二", "李三"]


def test_the_last_to_leave_marks_the_clean_stop(closed: Home, key: bytes | None) -> None:
    first, second = reopen(closed, key), reopen(closed, key)
    d.add(second, "people", name="李三")
    second.close()
    head = headfile.read(closed.head)
    assert head is not None
    assert not head.clean
    first.close()
    head = headfile.read(closed.head)
    assert head is not None
    assert head.clean


def test_a_head_is_shorter_than_a_sector(closed: Home) -> None:
    assert len(closed.head.read_bytes()) <= 512


# --- the place


LOCAL = [("/", "ext4"), ("/home", "xfs"), ("/mnt/usb", "fuseblk"), ("/run", "tmpfs")]


@pytest.mark.parametrize(
    ("folder", "table"),
    [
        ("/mnt/share/desk", [*LOCAL, ("/mnt/share", "cifs")]),
        ("/mnt/share", [("/mnt/share", "nfs4"), *LOCAL]),
        ("/srv/a/b/desk", [*LOCAL, ("/srv", "ext4"), ("/srv/a", "fuse.sshfs"), ("/srv/a/b", "nfs")]),
        ("/mnt/c/desk", [*LOCAL, ("/mnt/c", "9p")]),
        ("/x", [("/", "NFS")]),
        ("/data", [("/", "ext4"), ("/", "smb3")]),
    ],
)
def test_network_file_systems_are_refused(folder: str, table: list[tuple[str, str]]) -> None:
    with pytest.raises(Unavailable, match="网络文件系统"):
        recipe.refuse_place(Path(folder), table)


@pytest.mark.parametrize("folder", [r"\\server\share\desk", "//server/share/desk", r"\\?\UNC\server\share"])
def test_network_shares_are_refused(folder: str) -> None:
    with pytest.raises(Unavailable, match="网络共享"):
        recipe.refuse_place(Path(folder), LOCAL)


@pytest.mark.parametrize(
    "folder",
    [
        "/home/a/OneDrive/desk",
        "/home/a/OneDrive - 某区应急管理局/值班",
        "/home/a/Dropbox (个人)/desk",
        "/home/a/坚果云/值班",
        "/home/a/百度网盘/值班",
        "/Users/a/Library/Mobile Documents/desk",
        "/home/a/Nextcloud/desk",
    ],
)
def test_synced_folders_are_refused(folder: str) -> None:
    with pytest.raises(Unavailable, match="网盘"):
        recipe.refuse_place(Path(folder), LOCAL)


@pytest.mark.parametrize(
    ("folder", "table"),
    [
        ("/home/a/desk", LOCAL),
        ("/mnt/usb/desk", LOCAL),
        ("/mnt/shared/desk", [*LOCAL, ("/mnt/share", "cifs")]),
        ("/mnt/share/local", [*LOCAL, ("/mnt/share", "cifs"), ("/mnt/share/local", "ext4")]),
        ("/home/a/dropboxes/desk", LOCAL),
        ("/home/a/值班 网盘资料/desk", LOCAL),
        ("/home/a/desk", []),
    ],
)
def test_local_folders_are_taken(folder: str, table: list[tuple[str, str]]) -> None:
    assert recipe.refuse_place(Path(folder), table) is None  # anything else would have been raised


def test_a_desk_is_neither_made_nor_opened_in_a_wrong_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    d.make(tmp_path / "desk").close()
    monkeypatch.setattr(recipe, "mounts", lambda: [("/", "nfs")])
    with pytest.raises(Unavailable, match="网络文件系统 nfs"):
        reopen(Home(tmp_path / "desk"))
    with pytest.raises(Unavailable, match="网络文件系统 nfs"):
        d.make(tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_the_mount_table_of_this_machine_can_be_read() -> None:
    assert any(point == "/" for point, _kind in recipe.mounts()) or not Path("/proc/self/mounts").exists()


# --- the connection


def test_an_old_sqlite_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipe, "OLDEST_SQLITE", (99, 0, 0))
    with pytest.raises(Unavailable, match="太旧"):
        recipe.connect(tmp_path / "x.sqlite", create=True)
    assert not (tmp_path / "x.sqlite").exists()


class Deaf:
    """A connection that answers one setting as if it had not been made."""

    def __init__(self, raw: recipe.Raw, name: str) -> None:
        self.raw, self.name = raw, name

    def execute(self, sql: str, parameters: Any = ()) -> Any:
        if sql == f"PRAGMA {self.name}":
            return self.raw.execute("SELECT 'other'")
        return self.raw.execute(sql, parameters)


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Any]:
    connection = recipe.driver().connect(str(tmp_path / "x.sqlite"), isolation_level=None)
    yield connection
    connection.close()


@pytest.mark.parametrize("name", [name for name, _value, _expected in recipe.SETTINGS])
def test_a_setting_that_does_not_hold_is_refused(bare: Any, name: str) -> None:
    with pytest.raises(Unavailable, match=f"{name} 未生效"):
        recipe.prepare(Deaf(bare, name), create=True)  # type: ignore[arg-type]
    recipe.prepare(bare, create=True)


def test_a_file_that_takes_no_wal_is_refused() -> None:
    memory = recipe.driver().connect(":memory:", isolation_level=None)
    with pytest.raises(Unavailable, match="WAL"):
        recipe.prepare(memory)
    memory.close()


def test_the_file_is_made_with_extra_care_before_wal(bare: Any) -> None:
    """synchronous=EXTRA stands before journal_mode=WAL: the last hole that the crash simulator found."""
    said: list[str] = []
    bare.set_trace_callback(said.append)
    recipe.prepare(bare, create=True)
    bare.set_trace_callback(None)
    assert (
        said.index("PRAGMA synchronous=EXTRA")
        < said.index("PRAGMA journal_mode=WAL")
        < said.index("PRAGMA synchronous=FULL")
    )


def test_the_connection_is_closed_when_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.sqlite").write_bytes(b"y" * 8192)
    with pytest.raises(Damaged):
        recipe.connect(tmp_path / "x.sqlite")
    with pytest.raises(Unavailable):
        recipe.connect(tmp_path / "nothing.sqlite")
    assert not (tmp_path / "nothing.sqlite").exists()


@pytest.mark.parametrize("name", ["值班 数据", "a?b", "a#b", "100%41", "a&mode=memory"])
def test_a_folder_may_be_called_anything(tmp_path: Path, name: str) -> None:
    with d.make(tmp_path / name) as store:
        d.add(store, "people", name="钱一")
    assert (tmp_path / name / "desk.sqlite").stat().st_size > 4096
    with reopen(Home(tmp_path / name)) as store:
        assert names(store) == ["钱一"]


def test_an_empty_folder_is_no_desk(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="dutydesk init"):
        reopen(Home(tmp_path))


# --- the lock


def test_many_share_and_one_excludes(tmp_path: Path) -> None:
    path = tmp_path / "desk.lock"
    with DeskLock(path, exclusive=False) as one, DeskLock(path, exclusive=False):
        with pytest.raises(Unavailable, match="另一个程序"):
            DeskLock(path, exclusive=True, patience=0)
        assert not one.alone()
    with DeskLock(path, exclusive=True), pytest.raises(Unavailable, match="另一个程序"):
        DeskLock(path, exclusive=False, patience=0)
    with DeskLock(path, exclusive=False) as one:
        assert one.alone()
        with pytest.raises(Unavailable):
            DeskLock(path, exclusive=False, patience=0)


def test_alone_for_a_while(tmp_path: Path) -> None:
    path = tmp_path / "desk.lock"
    with DeskLock(path, exclusive=False) as one:
        with one.exclusively(), pytest.raises(Unavailable):
            DeskLock(path, exclusive=False, patience=0)
        DeskLock(path, exclusive=False, patience=0).release()
    one.release()
    assert not one.alone()


def test_a_making_cut_off_before_its_name_is_made_again(tmp_path: Path) -> None:
    home = Home(tmp_path / "desk")
    home.root.mkdir()
    raw = recipe.connect(home.database, create=True)
    raw.execute("CREATE TABLE half (x)")
    raw.close()
    with Store.create(home, d.FULL, FixedClock(d.EVENING), d.config()) as store:
        assert store.position()[0] == 1


def test_a_making_cut_off_before_its_first_act_is_finished_at_the_next_start(tmp_path: Path) -> None:
    home = Home(tmp_path / "desk")
    home.root.mkdir()
    raw = recipe.connect(home.database, create=True)
    make_tables(raw, d.FULL)
    raw.close()
    save(home.config, d.config())
    with reopen(home) as store:
        assert store.position()[0] == 1
        d.add(store, "people", name="甲")
    assert verify(home, d.FULL).ok


def test_what_was_saved_is_never_made_anew(tmp_path: Path) -> None:
    home = Home(tmp_path / "desk")
    Store.create(home, d.FULL, FixedClock(d.EVENING), d.config()).close()
    home.config.unlink()
    with pytest.raises(Refused):
        Store.create(home, d.FULL, FixedClock(d.EVENING), d.config())
