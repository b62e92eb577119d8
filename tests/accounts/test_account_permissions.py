"""The table of permissions, cell by cell, as the journal applies it; and that it knows every kind of act there is."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import dutydesk
from dutydesk.accounts import rules, service
from dutydesk.admin.ledger import ACTIONS
from dutydesk.core.errors import Refused
from dutydesk.core.ids import CLI, SYSTEM
from dutydesk.core.reference import by_code, rows
from dutydesk.features import schema
from dutydesk.journal import query as q
from dutydesk.journal.desk import Desk

TABLE = by_code("roles", "permission")
ROLES = [row["code"] for row in rows("roles", "role")]
WHO = {"ADMIN": "示例甲", "OFFICER": "示例乙", "LEADER": "示例丙", "AUDITOR": "示例丁", "VIEWER": "示例戊"}
KIND = re.compile(r"[a-z_]+\.[a-z_]+|erase")


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk with an account of every role."""
    from dutydesk.accounts.guard import Guard
    from dutydesk.core.clock import FixedClock
    from tests.accounts.conftest import AT, PINS
    from tests.desks import a_desk

    with a_desk(tmp_path_factory.mktemp("roles") / "desk", FixedClock(AT)) as desk:
        desk.act("people.import", [desk.new("people", {"name": name, "kind": "PERSON"}) for name in PINS])
        desk.store.guard = Guard(desk)
        first = desk.resolve("people", WHO["ADMIN"])
        service.enrol(desk, first, PINS[WHO["ADMIN"]])
        service.sign_in(desk, first, PINS[WHO["ADMIN"]])
        for role, name in WHO.items():
            if role != "ADMIN":
                service.add(desk, desk.resolve("people", name), role)
        yield desk


@pytest.mark.parametrize("role", [*ROLES, "SYSTEM", "CLI", "NONE"])
@pytest.mark.parametrize("code", list(TABLE))
def test_every_cell(complete: Desk, code: str, role: str) -> None:
    """Through the store: an allowed act goes into the journal, another one does not."""
    kind = code.replace("*", "anything")
    by = {"SYSTEM": SYSTEM, "CLI": CLI, "NONE": "f" * 32}.get(role) or complete.resolve("people", WHO[role]).hex()
    change = complete.new("supplies", {"name": f"{code} {role}"})
    before = complete.store.position()[0]
    if role in TABLE[code]["roles"]:
        if kind == "epoch.open":  # the chain takes it only as its first act
            assert service.guard(complete).allows(kind, by)
            return
        complete.store.act(kind, [change], by=by)
        assert complete.store.position()[0] == before + 1
        return
    with pytest.raises(Refused):
        complete.store.act(kind, [change], by=by)
    assert complete.count("supplies", q.Condition("name", "=", f"{code} {role}")) == 0
    denied = complete.rows("audit", q.Condition("action", "=", "DENIED"), q.Condition("result", "=", kind))
    named = [row for row in denied if row.text("subject") == f"people {by}"]
    assert len(named) == (1 if role in ROLES else 0), "a known person's attempt is in the audit"


def test_the_table_names_roles_that_there_are() -> None:
    for code, row in TABLE.items():
        assert set(row["roles"]) <= {*ROLES, "SYSTEM"}, code
        assert len(set(row["roles"])) == len(row["roles"]), code


def test_what_the_machine_may_do_by_itself() -> None:
    allowed = {code for code, row in TABLE.items() if "SYSTEM" in row["roles"]}
    assert {code for code in allowed if not code.startswith("audit.")} == {
        "sync.*", "snapshot.*", "verify.*", "epoch.open", "desk.*",
    }  # fmt: skip
    assert not any("CLI" in row["roles"] for row in TABLE.values())


def test_an_unknown_kind_is_nobodys() -> None:
    assert not any(rules.permits(TABLE, "unheard.of", role) for role in [*ROLES, "SYSTEM"])
    assert not rules.permits(TABLE, "log.add", "")


def literals(node: ast.AST) -> set[str]:
    """The kinds among the texts of an argument; `f"{ledger}.add"` and the like are asked about by ledger."""
    if isinstance(node, ast.JoinedStr):
        return set()
    if isinstance(node, ast.Constant):
        return {node.value} if isinstance(node.value, str) and KIND.fullmatch(node.value) else set()
    return {kind for child in ast.iter_child_nodes(node) for kind in literals(child)}


def called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def used_kinds() -> dict[str, str]:
    """Every kind of act that the program's code names, and where: what is given to `act`, or to the parameter `kind`
    of a function that hands it on there."""
    files = Path(dutydesk.__file__).parent.rglob("*.py")
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in files}
    programs = [
        tree for path, tree in trees.items() if path.name != "sample.py"
    ]  # which is made before anyone signs in
    made = [node for tree in programs for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    makers = [node for node in made if "kind" in [argument.arg for argument in node.args.args]]
    places: dict[str, set[int]] = {"act": {0}, "_append": {0}}
    for _round in range(4):
        for maker in makers:
            calls = [node for node in ast.walk(maker) if isinstance(node, ast.Call) and called(node) in places]
            if any(isinstance(word, ast.Name) and word.id == "kind" for call in calls for word in call.args):
                names = [argument.arg for argument in maker.args.args if argument.arg != "self"]
                places.setdefault(maker.name, set()).add(names.index("kind"))
    found: dict[str, str] = {}
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and called(node) in places:
                given = [node.args[at] for at in places[called(node)] if at < len(node.args)]
                given += [word.value for word in node.keywords if word.arg == "kind"]
                found |= {kind: f"{path.name}:{node.lineno}" for part in given for kind in literals(part)}
    return found


def test_every_kind_that_the_program_makes_is_in_the_table() -> None:
    used = used_kinds()
    assert {"log.add", "log.amend", "incident.add", "people.delete", "numbers.verify", "account.reset"} <= set(used)
    missing = {kind: where for kind, where in used.items() if rules.row_for(TABLE, kind) is None}
    assert not missing, "add them to resources/reference/roles.json, table permission"


def test_every_ledger_can_be_asked_about() -> None:
    """`dutydesk add`, `import` and plain lists make their kinds of a ledger's name."""
    for ledger in schema().shapes:
        for verb in ("add", "edit", "delete", "import"):
            assert rules.row_for(TABLE, f"{ledger}.{verb}") is not None, ledger


def test_every_action_of_the_audit_has_its_own_row() -> None:
    rare = {"ENROL", "RESET", "RESCUE", "ROLE"}  # these stand in acts of accounts
    assert {f"audit.{action.code.lower()}" for action in ACTIONS if action.code not in rare} <= set(TABLE)


def test_before_anybody_has_a_pin_everything_is_as_it_was(desk: Desk, person: Callable[[str], bytes]) -> None:
    for by in (CLI, SYSTEM, person("示例乙").hex()):
        desk.store.act("settings.add", [desk.new("settings", {"key": by, "source": "测试"})], by=by)
    assert not service.in_force(desk)


def test_what_arrives_is_never_refused(staffed: Desk, tmp_path: Path) -> None:
    from tests.desks import a_desk
    from tests.journal.desks import deliver

    with a_desk(tmp_path / "other", staffed.clock, desk="cd" * 16) as other:  # pyright: ignore[reportArgumentType]
        row = other.new("settings", {"key": "incident.x", "value": "1", "source": "测试"})
        other.store.act("unheard.of", [row], by=CLI)
        deliver(other.store, staffed.store)
    assert staffed.get("settings", row.row) is not None


def test_a_series_that_has_begun_is_finished(staffed: Desk, person: Callable[[str], bytes]) -> None:
    from dutydesk.journal.store import Batch

    by = person("示例乙").hex()
    staffed.store.act("teams.import", [staffed.new("teams", {"name": "一队"})], by=by, batch=Batch(b"1" * 16, 1, 2))
    staffed.me.id = person("示例甲").hex()
    service.deactivate(staffed, person("示例乙"))
    staffed.store.act("teams.import", [staffed.new("teams", {"name": "二队"})], by=by, batch=Batch(b"1" * 16, 2, 2))
    assert staffed.count("teams") == 2
    with pytest.raises(Refused, match="没有账号或已停用"):
        staffed.store.act("teams.import", [staffed.new("teams", {"name": "三队"})], by=by)


def test_roles_are_settled_by_whoever_may_give_them(staffed: Desk, person: Callable[[str], bytes]) -> None:
    from dutydesk.admin.service import settle_value
    from dutydesk.journal.history import Conflict

    row = next(one for one in staffed.rows("accounts") if one["person"] == person("示例甲"))
    conflict = Conflict("accounts", row.id, "role", "heads")
    staffed.me.id = person("示例丙").hex()
    with pytest.raises(Refused, match="管理账号"):
        settle_value(staffed, conflict, "VIEWER", "测试")
    assert service.role_of(staffed, person("示例甲")) == "ADMIN"
