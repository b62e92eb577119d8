"""What somebody at three in the morning is told about a bundle, and what to do next."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dutydesk import cli
from dutydesk.core.errors import Refused, Unavailable
from dutydesk.journal.desk import Desk
from dutydesk.sync import bundlekeys, bundlelook, bundleout, bundlewrite
from dutydesk.transit import media, service


@pytest.fixture(autouse=True)
def known(desk: Desk, other: Desk) -> None:
    bundlekeys.remember(desk.store, bundlekeys.own_card(other.store))
    bundlekeys.remember(other.store, bundlekeys.own_card(desk.store))


def send(desk: Desk, stick: Path, since: str = bundleout.SINCE_LAST) -> Path:
    (one,) = service.export(desk, stick, since=since).written
    return one.file


def test_what_was_refused_is_not_called_as_registered(desk: Desk, other: Desk, stick: Path) -> None:
    """The row of a refused file has its sum, too."""
    file = send(desk, stick)
    spoilt = stick / "spoilt.ddb"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    spoilt.write_bytes(data)
    (taken,) = service.take(other, [spoilt])
    assert taken.state == "TAMPERED"
    assert "请重新拷贝，还不行就请对方重新导出" in taken.reason
    (told,) = service.check(other, [spoilt])
    assert not told.ok
    assert "损坏或改动" in told.said
    assert "不要用" in told.said
    service.take(desk, [file])  # meant for the other desk
    assert service.check(desk, [file])[0].ok, "it is still what this desk wrote"
    service.take(other, [file])
    assert service.check(other, [file])[0].ok


def test_what_is_missing_before_it_is_named(desk: Desk, other: Desk, stick: Path) -> None:
    files = [send(desk, stick) for _n in range(3)]
    (taken,) = service.take(other, [files[2]])
    assert taken.state == "WAITING"
    name = bundlekeys.own_card(desk.store).called
    (gap,) = bundlelook.peek(other.store, files[2]).ranges
    assert f"缺 {name} 第 1–{gap.first - 1} 条" in taken.reason
    assert "再导出一次" in taken.reason


def test_a_folder_is_all_its_bundles_in_order(
    desk: Desk, other: Desk, stick: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Refused, match="没有数据包"):
        service.bundles_in([stick])
    files = [send(desk, stick) for _n in range(11)]
    assert service.bundles_in([stick]) == files, "the tenth is not before the second"
    home = other.store.home.root
    other.store.close()
    assert cli.run(cli.parse(["--home", str(home), "bundle", "import", str(stick)])) == 0
    assert len(capsys.readouterr().out.splitlines()) == 11
    assert cli.run(cli.parse(["--home", str(home), "bundle", "import"])) == 0
    assert "没有可收入的" in capsys.readouterr().out
    assert cli.run(cli.parse(["--home", str(home), "bundle", "held"])) == 0
    assert "没有等着处理的数据包" in capsys.readouterr().out


def test_a_stick_that_takes_nothing_uses_up_no_number(desk: Desk, stick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed: list[object] = []
    pack = bundleout._pack
    monkeypatch.setattr(bundleout, "_pack", lambda *given: packed.append(given) or pack(*given))
    with monkeypatch.context() as patch:
        opened = os.open

        def protected(path: os.PathLike[str], flags: int, *mode: int) -> int:
            if flags & os.O_CREAT and Path(path).parent == stick:
                raise OSError(30, "Read-only file system")
            return opened(path, flags, *mode)

        patch.setattr(bundlewrite.stick.os, "open", protected)
        with pytest.raises(Unavailable, match="写保护开关"):
            service.export(desk, stick)
    with monkeypatch.context() as patch:
        patch.setattr(bundlewrite.shutil, "disk_usage", lambda _path: type("Room", (), {"free": 1_000}))
        with pytest.raises(Unavailable, match="删掉不用的文件，或换一个介质"):
            service.export(desk, stick)
    assert packed == [], "nobody packs for a stick that does not take it"
    assert send(desk, stick).name.endswith("-1.ddb")


def test_a_medium_that_is_lost_is_named(desk: Desk, stick: Path) -> None:
    medium = media.add_medium(desk, {"label": "U-01", "kind": "STICK"})
    media.move(desk, {"medium": medium, "what": "LOST", "witness": "李四示例"})
    with pytest.raises(Refused, match="U-01 登记为“遗失”，不能往上写：换一个介质，或先登记归还"):
        service.export(desk, stick, medium=medium)


def test_a_wrong_fingerprint_does_not_show_the_right_one(desk: Desk, other: Desk, stick: Path) -> None:
    from dutydesk.journal import peers

    peers.remember(other.store, {bundlekeys.PEER + desk.config.desk: None, "enrolled": None})
    file = send(desk, stick)
    (taken,) = service.take(other, [file], fingerprint="0000 0000 0000 0000")
    assert taken.state == "STRANGER"
    assert taken.fingerprint not in taken.reason
    assert "请对方再念一遍" in taken.reason


def test_a_stick_that_is_not_plugged_in_is_not_written_past(desk: Desk, stick: Path, tmp_path: Path) -> None:
    """What it is mounted at is an ordinary folder without it."""
    medium, second = (media.add_medium(desk, {"label": name, "kind": "STICK"}) for name in ("U-01", "U-02"))
    gone = tmp_path / "mount"
    gone.mkdir()
    assert service.export(desk, gone, medium=medium).written, "nobody knows yet whether it has a mark"
    media.mark_medium(desk, medium, stick)
    with pytest.raises(Refused, match=r"U-01 上有编号标记，.*里没有：没有插好"):
        service.export(desk, gone, medium=medium)
    with pytest.raises(Refused, match="这里插的是 U-01，不是 U-02"):
        service.export(desk, stick, medium=second)
    assert list(stick.glob("*.ddb")) == []
    assert service.export(desk, stick, medium=medium).written
    (stick / media.MARK).unlink()  # formatted
    with pytest.raises(Refused, match="先再写一次标记"):
        service.export(desk, stick, medium=medium)
    media.mark_medium(desk, medium, stick)
    assert service.export(desk, stick, medium=medium).written


def test_a_mark_that_was_seen_is_expected_from_then_on(desk: Desk, other: Desk, stick: Path, tmp_path: Path) -> None:
    """A stick that another desk has marked, which came with the register."""
    medium = media.add_medium(desk, {"label": "U-01", "kind": "STICK"})
    media.mark_medium(desk, medium, stick)
    service.take(other, [send(desk, stick)])
    assert service.export(other, stick).written
    with pytest.raises(Refused, match="没有插好"):
        service.export(other, tmp_path, medium=medium)


def test_what_waits_keeps_the_name_with_which_it_came(desk: Desk, other: Desk, stick: Path) -> None:
    from dutydesk.journal import peers

    peers.remember(other.store, {bundlekeys.PEER + desk.config.desk: None, "enrolled": None})
    file = send(desk, stick)
    (taken,) = service.take(other, [file])
    (held,) = service.held(other)
    (again,) = service.take(other, [service.held_file(other, held.sha256)], fingerprint="0000 0000 0000 0000")
    (done,) = service.take(other, [service.held_file(other, held.sha256)], fingerprint=taken.fingerprint)
    assert {taken.name, again.name, done.name} == {file.name}
    assert {row.text("number") for row in other.rows("bundles") if row.text("direction") == "IN"} == {file.name}
