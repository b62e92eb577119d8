"""The register of media and bundles; who may let what through; the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dutydesk import cli
from dutydesk.core.clock import DAY, FixedClock
from dutydesk.core.errors import Refused, Unavailable
from dutydesk.journal.desk import Desk
from dutydesk.sync import bundleheld, bundlein, bundlekeys, bundleout
from dutydesk.transit import service, standing
from dutydesk.transit.limits import known


def introduce(one: Desk, two: Desk) -> None:
    bundlekeys.remember(one.store, bundlekeys.own_card(two.store))
    bundlekeys.remember(two.store, bundlekeys.own_card(one.store))


def test_every_bundle_has_its_row_and_its_entry_of_the_audit(desk: Desk, other: Desk, stick: Path) -> None:
    introduce(desk, other)
    medium = service.add_medium(desk, {"label": "U-01", "kind": "STICK"})
    service.mark_medium(desk, medium, stick)
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


def test_a_lost_medium_is_not_written_to(desk: Desk, other: Desk, stick: Path) -> None:
    introduce(desk, other)
    medium = service.add_medium(desk, {"label": "U-01", "kind": "STICK"})
    with pytest.raises(Refused):
        service.add_medium(desk, {"label": "U-01", "kind": "DISC"})
    service.edit_medium(desk, medium, {"state": "LOST"})
    with pytest.raises(Refused, match="遗失"):
        service.export(desk, stick, medium=medium)
    assert list(stick.iterdir()) == []


def test_the_mark_of_a_stick_is_only_read_as_one(desk: Desk, stick: Path) -> None:
    for text in (b"", b"\xff" * 40, b"zz" * 16, b"00" * 16):
        (stick / service.MARK).write_bytes(text)
        assert service.medium_at(desk, stick) is None
    with pytest.raises(Unavailable):
        service.mark_medium(desk, bytes(16), stick / "none")


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


def run(capsys: pytest.CaptureFixture[str], home: Path, *words: str) -> tuple[int, str, str]:
    code = cli.run(cli.parse(["--home", str(home), "bundle", *words]))
    told = capsys.readouterr()
    return code, told.out, told.err


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
    with pytest.raises(SystemExit) as left:
        run(capsys, one, "export")
    assert left.value.code == 2
