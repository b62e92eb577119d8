"""`dutydesk accounts …`: the list of accounts, and what an administrator does to it without a window."""

from __future__ import annotations

import argparse
from typing import Any

from dutydesk.accounts import asking, service
from dutydesk.core.clock import iso
from dutydesk.core.console import answer, say
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.core.reference import label
from dutydesk.journal.desk import Desk


def run(desk: Desk, args: argparse.Namespace) -> int:
    """What the sub-command asks for."""
    match args.what:
        case "list":
            return show(desk, json=args.json)
        case "add":
            service.add(desk, _person(desk, args.name), args.role)
        case "role":
            service.set_role(desk, _person(desk, args.name), args.role)
        case "off":
            service.deactivate(desk, _person(desk, args.name))
        case "on":
            service.activate(desk, _person(desk, args.name))
        case "enrol":
            service.enrol(
                desk, _person(desk, args.name), asking.new_pin(args.new_pin_file, args.name, "--new-pin-file")
            )
        case "rescue":
            rescue(desk, args)
        case _:
            reset(desk, args)
    said = _one(desk, args.name)
    if args.json:
        answer(_shape(said))
    else:
        say(_line(said))
    return 0


def show(desk: Desk, *, json: bool) -> int:
    """All accounts, those in use first."""
    found = service.accounts(desk)
    if json:
        answer({"in_force": service.in_force(desk), "accounts": [_shape(one) for one in found]})
        return 0
    for one in found:
        say(_line(one))
    return 0


def reset(desk: Desk, args: argparse.Namespace) -> None:
    """A forgotten PIN: `--first` and `--second` give theirs, then the person types a new one."""
    first, second = _witnesses(desk, args)
    pin = asking.new_pin(args.new_pin_file, args.name, "--new-pin-file")
    service.reset(desk, _person(desk, args.name), pin, first, second)


def rescue(desk: Desk, args: argparse.Namespace) -> None:
    """An administrator where there is none: `--first` and `--second` give theirs, then the person types a new one, who
    has none here yet."""
    person = _person(desk, args.name)
    first, second = _witnesses(desk, args)
    wanted = bool(args.new_pin_file) or not service.enrolled(desk, person)
    pin = asking.new_pin(args.new_pin_file, args.name, "--new-pin-file") if wanted else ""
    service.rescue(desk, person, first, second, pin)


def _witnesses(desk: Desk, args: argparse.Namespace) -> list[tuple[bytes, str]]:
    """Two persons and what they typed."""
    witnesses: list[tuple[bytes, str]] = []
    for option, name, file in (
        ("--first", args.first, args.first_pin_file),
        ("--second", args.second, args.second_pin_file),
    ):
        pin = asking.pin_of(file, _("{name}的口令：").format(name=name), f"{option}-pin-file")
        witnesses.append((_person(desk, name, option), pin))
    return witnesses


def _person(desk: Desk, name: str, option: str = "NAME") -> bytes:
    try:
        return asking.person(desk, name)
    except ValueError as error:
        raise Refused(Problem(str(error), option)) from None


def _one(desk: Desk, name: str) -> service.Account:
    person = _person(desk, name)
    return next(one for one in service.accounts(desk) if one.person == person)


def _shape(one: service.Account) -> dict[str, Any]:
    return {
        "person": one.person.hex(),
        "name": one.name,
        "role": one.role,
        "state": service.ACTIVE if one.active else service.OFF,
        "enrolled": one.enrolled,
        "since": None if one.since is None else iso(one.since),
        "locked_until": iso(one.until) if one.until else None,
    }


def _line(one: service.Account) -> str:
    pin = _("已设口令") if one.enrolled else _("未设口令")
    state = _("停用") if not one.active else _("锁定至 {at}").format(at=iso(one.until)) if one.until else _("在用")
    return "\t".join((one.name, label("roles", "role", one.role), state, pin))
