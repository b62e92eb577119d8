from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from dutydesk.accounts import service, standing
from dutydesk.accounts.guard import Guard
from dutydesk.core.clock import MINUTE, SECOND, FixedClock
from dutydesk.core.errors import Refused
from dutydesk.core.ids import CLI, SYSTEM, named_id
from dutydesk.core.paths import Home
from dutydesk.features import FEATURES, schema
from dutydesk.journal import query as q
from dutydesk.journal.desk import Desk, Me
from dutydesk.journal.store import Store
from dutydesk.ledger.feature import Change
from dutydesk.people import service as people
from tests.accounts.conftest import AT, PINS
from tests.desks import a_desk
from tests.journal.desks import ask, deliver

Person = Callable[[str], bytes]


def fail(desk: Desk, person: bytes, times: int) -> str:
    said = ""
    for n in range(times):
        with pytest.raises(Refused) as refused:
            service.verify(desk, person, f"wrong-{n}")
        said = str(refused.value)
    return said


def actions(desk: Desk) -> list[str]:
    return [row.text("action") for row in reversed(desk.rows("audit"))]


def sit(desk: Desk, person: bytes) -> None:
    desk.me.id, desk.me.name = person.hex(), desk.title("people", person)


# -- beginning ---------------------------------------------------------------------------------------------------------


def test_the_first_pin_puts_accounts_in_force_and_makes_an_administrator(desk: Desk, person: Person) -> None:
    assert not service.in_force(desk)
    assert not service.enrolled(desk, person("示例甲"))
    service.enrol(desk, person("示例甲"), PINS["示例甲"])
    assert service.in_force(desk)
    assert service.role_of(desk, person("示例甲")) == "ADMIN"
    assert service.enrolled(desk, person("示例甲"))
    assert actions(desk) == ["ENROL"]
    with pytest.raises(Refused, match="请先登录"):
        desk.act("log.add", [desk.new("log", {"happened_at": AT, "recorded_at": AT, "text": "测试"})])
    service.sign_in(desk, person("示例甲"), PINS["示例甲"])
    assert (desk.me.id, desk.me.name) == (person("示例甲").hex(), "示例甲")
    desk.act("log.add", [desk.new("log", {"happened_at": AT, "recorded_at": AT, "text": "测试"})])
    assert ask(desk.store, "SELECT by FROM act WHERE kind = 'log.add'") == [(person("示例甲").hex(),)]


@pytest.mark.parametrize("pin", ["123456", "2718", "aaaaaa"])
def test_a_pin_that_everybody_guesses_puts_nothing_in_force(desk: Desk, person: Person, pin: str) -> None:
    with pytest.raises(Refused):
        service.enrol(desk, person("示例甲"), pin)
    assert not service.in_force(desk)
    assert desk.rows("accounts") == []


def test_who_is_not_in_the_book_gets_no_account(staffed: Desk, person: Person) -> None:
    sit(staffed, person("示例甲"))
    office = staffed.new("people", {"name": "示例热线", "kind": "OFFICE"})
    staffed.act("people.add", [office])
    for stranger in (b"?" * 16, office.row):
        with pytest.raises(Refused, match="通讯录里没有这个人"):
            service.add(staffed, stranger, "OFFICER")


def test_only_an_administrator_enrols_others(staffed: Desk, person: Person) -> None:
    sit(staffed, person("示例乙"))
    with pytest.raises(Refused, match="值班员不能做这件事：管理账号"):
        service.enrol(staffed, person("示例丁"), PINS["示例戊"])
    with pytest.raises(Refused, match="值班员不能做这件事：管理账号"):
        service.add(staffed, person("示例戊"), "ADMIN")
    service.verify(staffed, person("示例丁"), PINS["示例丁"])
    assert "示例乙" not in [row.text("by") for row in staffed.rows("audit", q.Condition("action", "=", "ENROL"))]
    sit(staffed, person("示例甲"))
    with pytest.raises(Refused, match="先给示例戊开账号"):
        service.enrol(staffed, person("示例戊"), PINS["示例戊"])


def test_the_second_desk_has_the_accounts_and_none_of_the_pins(staffed: Desk, person: Person, tmp_path: Path) -> None:
    with a_desk(tmp_path / "two", FixedClock(AT), desk="cd" * 16, name="值班二席") as other:
        other.store.guard = Guard(other)
        deliver(staffed.store, other.store)
        assert service.role_of(other, person("示例乙")) == "OFFICER"
        assert not service.in_force(other)
        with pytest.raises(Refused, match="先由已有的管理员"):
            service.enrol(other, person("示例乙"), PINS["示例乙"])
        service.enrol(other, person("示例甲"), PINS["示例丁"])  # another PIN than at the first desk
        service.sign_in(other, person("示例甲"), PINS["示例丁"])
        with pytest.raises(Refused, match="还没有在这台工作站设置口令"):
            service.verify(other, person("示例乙"), PINS["示例乙"])
        fail(other, person("示例甲"), 5)
        deliver(other.store, staffed.store)
    service.verify(staffed, person("示例甲"), PINS["示例甲"])  # locked there, not here
    assert len(staffed.rows("accounts")) == 4


# -- signing in and out ------------------------------------------------------------------------------------------------


def test_each_act_has_the_author_who_sits_there(staffed: Desk, person: Person) -> None:
    for name in ("示例乙", "示例丙", "示例乙"):
        service.sign_in(staffed, person(name), PINS[name])
        staffed.act("teams.add", [staffed.new("teams", {"name": name})])
    authors = [by for (by,) in ask(staffed.store, "SELECT by FROM act WHERE kind = 'teams.add' ORDER BY seq")]
    assert authors == [person(name).hex() for name in ("示例乙", "示例丙", "示例乙")]
    last = staffed.rows("audit")[0]
    assert (last.text("action"), last.text("by"), last.text("workstation")) == ("SIGN_IN", "示例乙", "值班一席")
    service.note_lock(staffed, "无操作")
    service.sign_out(staffed)
    assert actions(staffed)[-2:] == ["LOCK", "SIGN_OUT"]
    assert (staffed.me.id, staffed.me.name) == (CLI, "")
    service.sign_out(staffed)
    assert actions(staffed)[-1] == "SIGN_OUT", "nobody signs out twice"
    with pytest.raises(Refused, match="请先登录"):
        staffed.act("teams.add", [staffed.new("teams", {"name": "三队"})])


def test_a_failure_is_an_act_of_the_machine_and_leaves_who_sits_there(staffed: Desk, person: Person) -> None:
    service.sign_in(staffed, person("示例乙"), PINS["示例乙"])
    with pytest.raises(Refused, match="口令不对，还可以试 4 次"):
        service.sign_in(staffed, person("示例丙"), "999000")
    assert staffed.me.name == "示例乙"
    row = staffed.rows("audit")[0]
    assert (row.text("action"), row.text("by")) == ("SIGN_FAILED", SYSTEM)
    assert row.text("subject") == f"people {person('示例丙').hex()}"


def test_who_has_no_account_or_is_switched_off_cannot_sign_in(staffed: Desk, person: Person) -> None:
    with pytest.raises(Refused, match="示例戊没有账号或已停用"):
        service.verify(staffed, person("示例戊"), PINS["示例戊"])
    sit(staffed, person("示例甲"))
    service.deactivate(staffed, person("示例乙"))
    with pytest.raises(Refused, match="示例乙没有账号或已停用"):
        service.verify(staffed, person("示例乙"), PINS["示例乙"])
    assert service.role_of(staffed, person("示例乙")) == ""
    service.activate(staffed, person("示例乙"))
    service.verify(staffed, person("示例乙"), PINS["示例乙"])


# -- lock-out ----------------------------------------------------------------------------------------------------------


def test_five_failures_lock_for_a_quarter_of_an_hour(staffed: Desk, person: Person, clock: FixedClock) -> None:
    who = person("示例乙")
    assert fail(staffed, who, 4) == "pin: 口令不对，还可以试 1 次"
    assert fail(staffed, who, 1) == "pin: 账号已锁定，15 分钟后再试"
    assert actions(staffed)[-2:] == ["SIGN_FAILED", "LOCKED"]
    with pytest.raises(Refused, match="账号已锁定，15 分钟后再试"):
        service.verify(staffed, who, PINS["示例乙"])
    clock.at = AT + 15 * MINUTE - SECOND
    with pytest.raises(Refused, match="账号已锁定，1 分钟后再试"):
        service.verify(staffed, who, PINS["示例乙"])
    clock.at = AT + 15 * MINUTE
    service.verify(staffed, who, PINS["示例乙"])
    assert fail(staffed, who, 1) == "pin: 口令不对，还可以试 4 次"
    service.verify(staffed, person("示例丙"), PINS["示例丙"])


def test_an_empty_pin_is_no_attempt(staffed: Desk, person: Person) -> None:
    who = person("示例乙")
    before = staffed.store.position()
    for _try in range(6):
        with pytest.raises(Refused, match="请输入口令"):
            service.verify(staffed, who, "")
        with pytest.raises(Refused, match="请输入口令"):
            service.sign_in(staffed, who, "")
    assert staffed.store.position() == before, "nothing is recorded"
    assert fail(staffed, who, 1) == "pin: 口令不对，还可以试 4 次"
    service.verify(staffed, who, PINS["示例乙"])


def test_the_lock_survives_a_restart(staffed: Desk, person: Person, clock: FixedClock) -> None:
    who, home = person("示例乙"), staffed.store.home
    fail(staffed, who, 3)
    staffed.store.close()
    with Store.open(home, schema(), clock) as store:
        desk = Desk(store, clock, Me(), FEATURES)
        store.guard = Guard(desk)
        assert service.in_force(desk)
        assert fail(desk, who, 1) == "pin: 口令不对，还可以试 1 次"
        fail(desk, who, 1)
    clock.at = AT + MINUTE
    with Store.open(home, schema(), clock) as store:
        desk = Desk(store, clock, Me(), FEATURES)
        assert service.locked_until(desk, who) == AT + 15 * MINUTE
        with pytest.raises(Refused, match="账号已锁定，14 分钟后再试"):
            service.verify(desk, who, PINS["示例乙"])


def test_a_setting_changes_the_number_of_tries(staffed: Desk, person: Person) -> None:
    sit(staffed, person("示例甲"))
    staffed.act("settings.add", [staffed.new("settings", {"key": "account.lock_tries", "value": "3", "source": "甲"})])
    assert fail(staffed, person("示例乙"), 3) == "pin: 账号已锁定，15 分钟后再试"


# -- the last administrator --------------------------------------------------------------------------------------------


def test_the_last_administrator_stays(staffed: Desk, person: Person) -> None:
    first, second = person("示例甲"), person("示例丙")
    sit(staffed, first)
    for attempt in (
        lambda: service.deactivate(staffed, first),
        lambda: service.set_role(staffed, first, "OFFICER"),
    ):
        with pytest.raises(Refused, match="最后一个管理员"):
            attempt()
    service.set_role(staffed, second, "ADMIN")
    service.set_role(staffed, first, "OFFICER")
    sit(staffed, second)
    with pytest.raises(Refused, match="最后一个管理员"):
        service.deactivate(staffed, second)
    assert service.role_of(staffed, second) == "ADMIN"


def test_who_has_an_account_is_not_taken_off_the_address_book(staffed: Desk, person: Person) -> None:
    first, second = person("示例甲"), person("示例乙")
    sit(staffed, person("示例丙"))
    for attempt in (lambda: people.remove_person(staffed, first), lambda: people.erase_person(staffed, first, "测试")):
        with pytest.raises(Refused, match="示例甲还有账号，先停用"):
            attempt()
    assert staffed.title("people", first) == "示例甲"
    sit(staffed, first)
    service.deactivate(staffed, second)
    people.remove_person(staffed, second)
    assert second not in [row.id for row in staffed.rows("people")]


def test_the_list_of_accounts_is_written_by_no_other_way(staffed: Desk, person: Person) -> None:
    first = person("示例甲")
    sit(staffed, first)
    row = named_id("accounts", first.hex())
    for kind in ("accounts.edit", "accounts.import"):
        with pytest.raises(Refused, match="管理员不能做这件事：直接改账号表"):
            staffed.act(kind, [Change("accounts", row, {"state": "OFF"})])
    with pytest.raises(Refused, match="管理员不能做这件事：直接改账号表"):
        staffed.act("accounts.delete", [staffed.store.deletion("accounts", row)])
    assert service.role_of(staffed, first) == "ADMIN"


def test_an_account_is_opened_once_and_changed_only_where_something_changes(staffed: Desk, person: Person) -> None:
    sit(staffed, person("示例甲"))
    with pytest.raises(Refused, match="示例乙已有账号"):
        service.add(staffed, person("示例乙"), "VIEWER")
    with pytest.raises(Refused, match="没有改动"):
        service.set_role(staffed, person("示例乙"), "OFFICER")
    with pytest.raises(Refused, match="没有这个角色"):
        service.set_role(staffed, person("示例乙"), "KING")
    with pytest.raises(Refused, match="示例戊没有账号"):
        service.deactivate(staffed, person("示例戊"))


# -- PINs --------------------------------------------------------------------------------------------------------------


def test_ones_own_pin_against_the_old_one(staffed: Desk, person: Person) -> None:
    who = person("示例乙")
    with pytest.raises(Refused, match="口令不对"):
        service.change_pin(staffed, who, "000111", "602214")
    with pytest.raises(Refused, match="和原来的一样"):
        service.change_pin(staffed, who, PINS["示例乙"], PINS["示例乙"])
    with pytest.raises(Refused, match="太容易猜"):
        service.change_pin(staffed, who, PINS["示例乙"], "111111")
    service.change_pin(staffed, who, PINS["示例乙"], "602214")
    service.verify(staffed, who, "602214")
    fail(staffed, who, 1)
    assert ask(staffed.store, "SELECT by FROM act WHERE kind = 'account.pin'") == [(who.hex(),)]


def test_two_others_give_a_new_pin_and_stand_in_the_record(staffed: Desk, person: Person) -> None:
    who, leader, officer = person("示例丁"), person("示例丙"), person("示例乙")
    fail(staffed, who, 5)
    service.reset(staffed, who, "602214", (officer, PINS["示例乙"]), (leader, PINS["示例丙"]))
    service.verify(staffed, who, "602214")  # and the lock is gone
    row = staffed.rows("audit", q.Condition("action", "=", "RESET"))[0]
    assert row.text("by") == "示例丙"
    assert row.text("result") == "示例乙、示例丙"
    assert row.text("subject") == f"people {who.hex()}"


def test_one_alone_or_without_authority_resets_nothing(staffed: Desk, person: Person) -> None:
    who, leader, officer, admin = (person(name) for name in ("示例丁", "示例丙", "示例乙", "示例甲"))
    of = {person(name): pin for name, pin in PINS.items()}

    def attempt(first: bytes, second: bytes, right: bool = True) -> None:
        service.reset(staffed, who, "602214", (first, of[first]), (second, of[second] if right else "000111"))

    for first, second, reason in (
        (leader, leader, "两个别的人"),
        (leader, who, "两个别的人"),
        (who, leader, "两个别的人"),
        (officer, person("示例戊"), "至少一人是带班领导或管理员"),
        (leader, person("示例戊"), "没有账号或已停用"),
    ):
        with pytest.raises(Refused, match=reason):
            attempt(first, second)
    with pytest.raises(Refused, match="口令不对"):
        attempt(admin, officer, right=False)
    service.verify(staffed, who, PINS["示例丁"])
    assert staffed.rows("audit", q.Condition("action", "=", "RESET")) == []


def test_where_no_administrator_is_left_two_persons_make_one(staffed: Desk, person: Person) -> None:
    two = (person("示例丙"), PINS["示例丙"]), (person("示例乙"), PINS["示例乙"])
    with pytest.raises(Refused, match="还有管理员"):
        service.rescue(staffed, person("示例戊"), *two)
    row = named_id("accounts", person("示例甲").hex())
    staffed.store.guard = None  # as if it had come from another desk, where there was a second one
    staffed.act("account.off", [Change("accounts", row, {"state": "OFF"})])
    staffed.store.guard = Guard(staffed)
    assert service.needs_rescue(staffed)
    new = person("示例戊")
    with pytest.raises(Refused, match="还没有在这台工作站设置口令"):
        service.rescue(staffed, new, *two)
    with pytest.raises(Refused, match="口令不对"):
        service.rescue(staffed, new, two[0], (two[1][0], "000111"), "602214")
    with pytest.raises(Refused, match="至少一人是带班领导"):
        service.rescue(staffed, new, (person("示例丁"), PINS["示例丁"]), two[1], "602214")
    with pytest.raises(Refused, match="太容易猜"):
        service.rescue(staffed, new, *two, "123456")
    assert service.role_of(staffed, new) == ""
    service.rescue(staffed, new, *two, "602214")
    assert not service.needs_rescue(staffed)
    assert service.role_of(staffed, new) == "ADMIN"
    service.verify(staffed, new, "602214")
    (entry,) = staffed.rows("audit", q.Condition("action", "=", "RESCUE"))
    assert entry["result"] == "示例丙、示例乙"
    told = [item.title for item in staffed.open_items() if "恢复为管理员" in item.title]
    assert told == ["示例戊由两人恢复为管理员：示例丙、示例乙"]
    later = staffed.open_items(staffed.clock.now() + standing.RESCUE_SHOWN)
    assert not any("恢复为管理员" in item.title for item in later)


def test_hashes_follow_the_parameters(staffed: Desk, person: Person) -> None:
    who = person("示例乙")

    def kept() -> str:
        return str(ask(staffed.store, "SELECT hash FROM local_pin WHERE person = ?", who.hex())[0][0])

    first = kept()
    assert first.startswith("$argon2id$v=19$m=8192,t=1,p=1$")
    service.verify(staffed, who, PINS["示例乙"])
    assert kept() == first
    sit(staffed, person("示例甲"))
    row = staffed.rows("settings", q.Condition("key", "=", "account.argon2_time"))[0]
    staffed.act("settings.edit", [Change("settings", row.id, {"value": "2"})])
    fail(staffed, who, 1)
    assert kept() == first
    service.verify(staffed, who, PINS["示例乙"])
    assert kept().startswith("$argon2id$v=19$m=8192,t=2,p=1$")
    service.verify(staffed, who, PINS["示例乙"])


def test_a_damaged_hash_is_a_wrong_pin(staffed: Desk, person: Person) -> None:
    who = person("示例乙")
    staffed.store.local(lambda cursor: cursor.execute("UPDATE local_pin SET hash = 'x' WHERE person = ?", (who.hex(),)))
    assert fail(staffed, who, 1).startswith("pin: 口令不对")
    with pytest.raises(Refused, match="口令不对"):
        service.verify(staffed, who, PINS["示例乙"])


# -- secrets -----------------------------------------------------------------------------------------------------------


def test_no_secret_leaves_the_local_table(
    staffed: Desk, person: Person, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """Neither PIN nor hash in acts, projections, search, logs, exports, bundles of acts, or another desk."""
    caplog.set_level(logging.DEBUG)
    typed = {*PINS.values(), "wrong-0", "wrong-4", "602214", "618033"}
    fail(staffed, person("示例丁"), 5)
    service.change_pin(staffed, person("示例乙"), PINS["示例乙"], "618033")
    two = (person("示例乙"), "618033"), (person("示例丙"), PINS["示例丙"])
    service.reset(staffed, person("示例丁"), "602214", *two)
    hashes = [str(row[0]) for row in ask(staffed.store, "SELECT hash FROM local_pin")]
    assert len(hashes) == 4
    with a_desk(tmp_path / "other", FixedClock(AT), desk="cd" * 16) as other:
        deliver(staffed.store, other.store)
        assert ask(other.store, "SELECT * FROM local_pin") == []
    secrets = [*typed, *hashes, *(part for text in hashes for part in text.split("$")[-2:])]
    tables = [name for (name,) in ask(staffed.store, "SELECT name FROM sqlite_master WHERE type = 'table'")]
    for name in tables:
        if name == "local_pin" or "_fts" in name:
            continue
        for row in ask(staffed.store, f"SELECT * FROM {name}"):
            whole = " ".join(cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell) for cell in row)
            assert not [secret for secret in secrets if secret in whole], name
    assert not [secret for secret in secrets if secret in caplog.text]
    home = staffed.store.home
    for path in home.root.rglob("*"):
        if path.is_file() and not path.name.startswith("desk.sqlite"):
            data = path.read_bytes()
            assert not [secret for secret in secrets if secret.encode() in data], path
    whole = b"".join(path.read_bytes() for path in home.root.glob("desk.sqlite*"))
    assert not [pin for pin in typed if pin.encode() in whole], "a PIN in plain text in the file"


def test_a_snapshot_holds_hashes_in_the_local_table_alone(staffed: Desk, clock: FixedClock) -> None:
    from dutydesk.journal import recipe
    from dutydesk.sync.snapshots import take

    made = take(Home(staffed.store.home.root), schema(), clock)
    raw = recipe.connect(made.path, read_only=True)
    try:
        assert raw.execute("SELECT count(*) FROM local_pin").fetchone()[0] == 4
        hashes = [str(row[0]) for row in raw.execute("SELECT hash FROM local_pin").fetchall()]
        for (body,) in raw.execute("SELECT body FROM act").fetchall():
            assert not [one for one in hashes if one.encode() in bytes(body)]
    finally:
        raw.close()
