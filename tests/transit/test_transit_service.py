"""The register of media and bundles; who may let what through; the command line."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from dutydesk import cli
from dutydesk.core.clock import DAY, FixedClock
from dutydesk.core.errors import Refused, Unavailable
from dutydesk.journal.desk import Desk, Me
from dutydesk.sync import bundleheld, bundlein, bundlekeys, bundleout, bundlewrite
from dutydesk.transit import media, report, service, standing
from dutydesk.transit.limits import known
from tests.desks import a_desk


def introduce(one: Desk, two: Desk) -> None:
    bundlekeys.remember(one.store, bundlekeys.own_card(two.store))
    bundlekeys.remember(two.store, bundlekeys.own_card(one.store))


def test_every_bundle_has_its_row_and_its_entry_of_the_audit(desk: Desk, other: Desk, stick: Path) -> None:
    introduce(desk, other)
    medium = media.add_medium(desk, {"label": "U-01", "kind": "STICK"})
    media.mark_medium(desk, medium, stick)
    made = service.export(desk, stick)
    (row,) = desk.rows("bundles")
    (written,) = made.written
    assert (row["direction"], row["number"], row["peer"], row["result"]) == (
        "OUT",
        "DD-330102-1.ddb",
        "二号席",
        "WRITTEN",
    )
    assert (row["medium"], row["sha256"], row["by"]) == (medium, written.sha256.upper(), "李示例")
    assert written.file.read_bytes()[:22] == b"age-encryption.org/v1\n"
    (taken,) = service.take(other, [written.file])
    assert taken.state == "DONE"
    rows = {row.text("direction"): row for row in other.rows("bundles")}  # the sender's row came with it, or comes next
    assert rows["IN"]["acts"] == taken.applied
    assert rows["IN"]["medium"] == medium  # the stick is known by its mark
    assert [row["action"] for row in other.rows("audit")][:1] == ["BUNDLE"]
    back = service.export(other, stick)
    assert service.take(desk, [one.file for one in back.written])[0].ok
    assert desk.count("bundles") == 3  # out, in, and the other desk's in
    assert service.receivers(desk)[0].heard_at == desk.clock.now()


def test_what_waits_is_an_open_item(desk: Desk, other: Desk, stick: Path, clock: FixedClock) -> None:
    bundlekeys.remember(desk.store, bundlekeys.own_card(other.store))
    (file,) = [one.file for one in service.export(desk, stick).written]
    (taken,) = service.take(other, [file])
    assert taken.state == "STRANGER"
    (item,) = [item for item in other.open_items() if item.ledger == "bundles"]
    assert (item.block, item.severity) == ("TODO", 1)
    assert taken.fingerprint in item.detail
    (held,) = service.held(other)
    service.take(other, [service.held_file(other, held.sha256)], fingerprint=taken.fingerprint)
    assert [item for item in other.open_items() if item.ledger == "bundles"] == []
    second = service.export(desk, stick, since=bundleout.SINCE_LAST).written[0].file
    third = service.export(desk, stick, since=bundleout.SINCE_LAST).written[0].file
    assert service.take(other, [third])[0].state == "WAITING"
    with other.store.read() as connection:
        assert standing.open_items(connection, clock.now()) == []
        assert len(standing.open_items(connection, clock.now() + 2 * DAY)) == 1
    assert [one.state for one in service.take(other, [second])] == ["DONE", "DONE"]
    assert service.held(other) == []


def test_a_bundle_is_given_up(desk: Desk, other: Desk, stick: Path) -> None:
    bundlekeys.remember(desk.store, bundlekeys.own_card(other.store))
    service.take(other, [service.export(desk, stick).written[0].file])
    service.drop(other, service.held(other)[0])
    assert service.held(other) == []
    assert list(bundleheld.inbox_of(other.store).iterdir()) == []


def test_the_limits_are_settings(desk: Desk) -> None:
    assert service.rule(desk) == bundlein.Rule()
    desk.act("settings.add", [desk.new("settings", {"key": "bundle.delete_rows", "value": "7"})])
    desk.act("settings.add", [desk.new("settings", {"key": "bundle.delete_share", "value": "viele"})])
    assert service.rule(desk) == bundlein.Rule(20, 7, 3)
    assert {one.key for one in known("330102")} >= {"bundle.delete_rows", "bundle.held_days"}


def test_every_bundle_has_its_row_though_the_next_one_fails(
    desk: Desk, other: Desk, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What can be carried away is never without its entry: not when a later one fails, not when the power goes."""
    introduce(desk, other)
    monkeypatch.setattr(bundleout, "MOST_ACTS", 1)
    for n in range(3):
        desk.act("settings.add", [desk.new("settings", {"key": f"x.{n}", "value": "1"})])
    written = bundlewrite.write
    left = [2]

    def fails(*given: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise Unavailable("介质满了")
        return written(*given)

    with monkeypatch.context() as patch:
        patch.setattr(bundlewrite, "write", fails)
        with pytest.raises(Unavailable):
            service.export(desk, stick, reason="每周送 记录")
    names = sorted(file.name for file in stick.glob("*.ddb"))
    assert len(names) == 2
    assert sorted(row.text("number") for row in desk.rows("bundles")) == names
    assert {row.text("reason") for row in desk.rows("bundles")} == {"每周送 记录"}
    told = [row for row in desk.rows("audit") if row.text("action") == "BUNDLE" and "导出给" in row.text("reason")]
    assert len(told) == 2
    assert "每周送 记录" in told[0].text("reason")
    assert "含个人信息" in told[0].text("result")


def test_an_export_that_was_cut_off_is_entered_later(
    desk: Desk, other: Desk, stick: Path, monkeypatch: pytest.MonkeyPatch, clock: FixedClock
) -> None:
    introduce(desk, other)
    with monkeypatch.context() as patch:
        patch.setattr(desk.store.__class__, "act", _dies)
        with pytest.raises(_Gone):
            service.export(desk, stick)
    (file,) = stick.glob("*.ddb")
    assert desk.rows("bundles") == []
    with desk.store.read() as connection:
        (item,) = standing.open_items(connection, clock.now())
    assert file.name in item.title
    service.take(desk, [])  # whatever is done next with bundles
    (row,) = desk.rows("bundles")
    assert (row["number"], row["result"], row["sha256"]) == (
        file.name, "CUT", hashlib.sha256(file.read_bytes()).hexdigest().upper(),
    )  # fmt: skip
    with desk.store.read() as connection:
        assert standing.open_items(connection, clock.now()) == []
    service.take(desk, [])
    assert desk.count("bundles") == 1


class _Gone(BaseException):
    """As a kill: nothing catches it."""


def _dies(*_given: Any, **_named: Any) -> Any:
    raise _Gone


def test_how_many_records_have_personal_data(desk: Desk, other: Desk, stick: Path) -> None:
    introduce(desk, other)
    for text, phone in (("甲", "13900000000"), ("乙", None)):
        values = {"happened_at": desk.clock.now(), "recorded_at": desk.clock.now(), "text": text, "party_phone": phone}
        desk.act("log.add", [desk.new("log", values)])
    service.export(desk, stick)
    (row,) = desk.rows("bundles")
    assert row["personal"] == 1


def test_a_stick_pulled_during_an_import_has_its_row(desk: Desk, other: Desk, stick: Path) -> None:
    introduce(desk, other)
    with pytest.raises(Unavailable):
        service.take(desk, [stick / "DD-B-9.ddb"])
    (row,) = desk.rows("bundles")
    assert (row["direction"], row["number"], row["result"]) == ("IN", "DD-B-9.ddb", "CUT")
    assert "拔掉" in row.text("note")


@pytest.mark.parametrize("stage", ["acts", "write", "copy", "check", "apply"])
def test_somebody_stops_it(stage: str, desk: Desk, other: Desk, stick: Path) -> None:
    """Whatever a job raises to stop the work comes out as it is: it must not look like a stick or file that is bad."""
    introduce(desk, other)

    def stop(name: str, _done: int, _whole: int) -> None:
        if name == stage:
            raise _Gone

    if stage in ("acts", "write"):
        with pytest.raises(_Gone):
            service.export(desk, stick, progress=stop)
        assert list(stick.iterdir()) == []
        assert desk.rows("bundles") == []
    (file,) = [one.file for one in service.export(desk, stick).written]
    if stage not in ("acts", "write"):
        with pytest.raises(_Gone):
            service.take(other, [file], progress=stop)
        assert [(row.text("result"), row.text("note")) for row in other.rows("bundles")] == [("CUT", "已中断")]
        assert list(bundleheld.inbox_of(other.store).iterdir()) == []
    assert service.take(other, [file])[0].state in ("DONE", "KNOWN")  # stopped when all was in
    assert service.take(other, [file])[0].state == "KNOWN"


def test_the_recovery_key_opens_what_went_to_a_desk_that_is_gone(desk: Desk, other: Desk, stick: Path) -> None:
    introduce(desk, other)
    secret = service.new_recovery(desk)
    with pytest.raises(Refused, match="对不上"):
        service.keep_recovery(desk, secret, "AAAAAA")
    assert [one.kind for one in service.openers(desk)] == ["OWN", "PEER"]
    key = service.keep_recovery(desk, secret, " ".join(secret[-6:].lower()))
    assert [(one.kind, one.key) for one in service.openers(desk)][-1] == ("RECOVERY", key)
    (file,) = [one.file for one in service.export(desk, stick).written]
    with a_desk(stick / "third", desk.clock, Me(name="王示例"), desk="6b" * 16, name="三号席", code="C") as third:
        bundlekeys.remember(third.store, bundlekeys.own_card(desk.store))
        assert service.take(third, [file])[0].state == "FOREIGN"
        printed = f"# 公钥 {key}\n{report.grouped(secret)}\n".encode()
        (taken,) = service.take(third, [file], identity=bundlekeys.read_identity(printed))
        assert (taken.state, taken.applied) == ("DONE", 2)
        assert list((third.store.home.root / "inbox").iterdir()) == []
    service.forget_recovery(desk, key)
    assert [one.kind for one in service.openers(desk)] == ["OWN", "PEER"]
    with pytest.raises(Refused):
        bundlekeys.read_identity(b"age1")
    with pytest.raises(Refused, match="校验"):
        bundlekeys.read_identity(f"{secret[:-1]}{'Q' if secret[-1] != 'Q' else 'P'}".encode())


def test_a_recovery_sheet_is_the_key_and_nothing_keeps_it(desk: Desk) -> None:
    secret = service.new_recovery(desk)
    assert report.key_sheet(desk, secret).startswith(b"%PDF")
    service.keep_recovery(desk, secret, secret[-8:])
    for file in desk.store.home.root.rglob("*"):
        assert not file.is_file() or secret.encode() not in file.read_bytes(), file


def test_what_lies_on_a_medium_is_held_against_the_register(desk: Desk, other: Desk, stick: Path) -> None:
    introduce(desk, other)
    (file,) = [one.file for one in service.export(desk, stick).written]
    (stick / "card.json").write_bytes(b"{}")
    found = service.check(desk, [file, stick / "card.json", stick / "none", stick])
    assert [one.ok for one in found] == [True, False, False, False]
    file.write_bytes(file.read_bytes()[:-1])
    assert "不要用" in service.check(desk, [file])[0].said


def test_what_can_be_wrong_with_a_bundle_is_a_sentence_and_a_row(
    desk: Desk, other: Desk, stick: Path, tmp_path: Path
) -> None:
    """Twice, too early, for somebody else, altered, from a desk that was shut out: one sentence and one row each."""
    introduce(desk, other)
    first, second, third = [service.export(desk, stick, since=bundleout.SINCE_LAST).written[0].file for _n in range(3)]
    altered = stick / "altered.ddb"
    altered.write_bytes(first.read_bytes()[:-20] + bytes(20))
    with a_desk(tmp_path / "third", desk.clock, Me(name="王示例"), desk="6b" * 16, name="三号席", code="C") as stranger:
        assert service.take(stranger, [first])[0].state == "FOREIGN"
        bundlekeys.remember(stranger.store, bundlekeys.own_card(other.store))
        (unknown,) = [one.file for one in service.export(stranger, stick).written]
    told = {
        "TAMPERED": service.take(other, [altered]),
        "WAITING": service.take(other, [third]),
        "STRANGER": service.take(other, [unknown]),
        "DONE": service.take(other, [first]),
        "KNOWN": service.take(other, [first]),
    }
    assert service.take(other, [second])[0].state == "DONE"
    service.shut_out(other, desk.config.desk)
    told["REVOKED"] = service.take(other, [third])
    for state, taken in told.items():
        assert taken[0].state == state
        assert service.summary(taken[0])
        assert "\n" not in service.summary(taken[0])
    rows = [row.text("result") for row in reversed(other.rows("bundles")) if row.text("direction") == "IN"]
    assert rows == ["TAMPERED", "WAITING", "STRANGER", "DONE", "KNOWN", "DONE", "DONE", "REVOKED"]


def run(capsys: pytest.CaptureFixture[str], home: Path, *words: str) -> tuple[int, str, str]:
    code = cli.run(cli.parse(["--home", str(home), "bundle", *words]))
    told = capsys.readouterr()
    return code, told.out, told.err


def desk_media(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    """The register of media through the general commands."""
    for code, *words in (
        (0, "media", "label=U-9", "kind=STICK"),
        (1, "media_moves", "medium=U-9", "what=ISSUED"),
        (0, "media_moves", "medium=U-9", "what=ISSUED", "holder=李示例"),
    ):
        assert cli.run(cli.parse(["--home", str(home), "add", *map(str, words)])) == code
    capsys.readouterr()


def test_the_command_line(capsys: pytest.CaptureFixture[str], desk: Desk, other: Desk, stick: Path) -> None:
    one, two = desk.store.home.root, other.store.home.root
    card = stick / "card.json"
    assert run(capsys, two, "keys", "--card", str(card))[0] == 0
    code, out, _err = run(capsys, one, "keys", "--add", str(card), "--json")
    told = json.loads(out)
    assert (code, [peer["name"] for peer in told["peers"]]) == (0, ["二号席"])
    code, out, _err = run(capsys, one, "export", "--out", str(stick), "--json")
    (written,) = json.loads(out)["written"]
    assert code == 0
    code, out, err = run(capsys, two, "import", written["file"])
    assert (code, out) == (1, "")
    assert told["fingerprint"] in err
    code, out, _err = run(capsys, two, "held", "--json")
    assert [held["state"] for held in json.loads(out)] == ["STRANGER"]
    code, out, _err = run(capsys, two, "import", written["file"], "--accept", told["fingerprint"], "--json")
    assert (code, json.loads(out)[0]["state"]) == (0, "DONE")
    code, _out, err = run(capsys, one, "export", "--out", str(stick / "none"))
    assert code == 3
    code, _out, err = run(capsys, one, "export", "--out", str(stick), "--since", "gestern")
    assert (code, "--since" in err) == (1, True)
    code, _out, err = run(capsys, one, "export", "--out", str(stick), "--to", "nobody")
    assert (code, "二号席" in err) == (1, True)
    (stick / "noise.ddb").write_bytes(b"noise")
    assert run(capsys, two, "import", str(stick / "noise.ddb"))[0] == 1
    assert run(capsys, two, "import", str(stick / "gone.ddb"))[0] == 3
    assert run(capsys, one, "keys", "--revoke", "二号席")[0] == 0
    code, _out, err = run(capsys, one, "export", "--out", str(stick))
    assert (code, "吊销" in err) == (1, True)
    assert run(capsys, one, "keys", "--restore", "二号席")[0] == 0
    sheet = stick / "key.pdf"
    code, out, _err = run(capsys, one, "keys", "--new-recovery", str(sheet), "--json")
    (key,) = json.loads(out)["recovery"]
    assert (code, sheet.read_bytes()[:4]) == (0, b"%PDF")
    assert sheet.stat().st_mode & 0o077 == 0
    assert run(capsys, one, "keys", "--forget-recovery", key)[0] == 0
    assert run(capsys, one, "keys", "--forget-recovery", key)[0] == 1
    assert run(capsys, one, "mark", "--medium", "U-9", "--out", str(stick))[0] == 1
    desk_media(capsys, one)
    assert run(capsys, one, "mark", "--medium", "U-9", "--out", str(stick))[0] == 0
    code, out, _err = run(capsys, one, "export", "--out", str(stick), "--reason", "试", "--json")
    (last,) = json.loads(out)["written"]
    assert run(capsys, one, "check", last["file"])[0] == 0
    assert run(capsys, one, "check", str(sheet), "--json")[0] == 1
    with pytest.raises(SystemExit) as left:
        run(capsys, one, "export")
    assert left.value.code == 2
