"""What can be done when the record does not open: the rungs of the ladder (engineering.md §2.3), what each of them keeps
and what it loses; and what the hub can give back. Looks only, and touches nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dutydesk.core.clock import Clock, local
from dutydesk.core.errors import Damaged, DutyDeskError
from dutydesk.core.i18n import _
from dutydesk.core.paths import Home
from dutydesk.core.settings import DeskConfig, load
from dutydesk.journal import headfile, recipe, upgrade
from dutydesk.journal.chaincheck import GARBLED, Fault, chain_problems
from dutydesk.journal.desk import Desk, Me
from dutydesk.journal.salvaged import goes_on, highest
from dutydesk.journal.schema import Schema
from dutydesk.journal.store import Store
from dutydesk.sync import restoring, salvage, sidecar, snapshots

REBUILD, KEEP, RESTORE, SALVAGE = "REBUILD", "KEEP", "RESTORE", "SALVAGE"
"""`KEEP`: the file is sound and only ends earlier than it did: what is in it goes on."""
MOST_COPIES = 3
HUB_PATIENCE = 8.0
"""Seconds for one answer of the hub: somebody is waiting at three in the morning."""
PAGE = 2_000
NOISE, NOISE_PAGE, LOOKED_AT = 240, 4_096, 8
"""Different bytes in a page that is encrypted, or noise: text, numbers and zeros have fewer. How many pages are asked."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One rung: what it is called, what stays and what is lost; `file` is the copy of `RESTORE`; `seq` how far this
    desk's running epoch reaches in it, -1 where nobody can say; `locked`: the key given does not open it."""

    kind: str
    title: str
    keeps: str
    loses: str
    file: Path | None = None
    seq: int = -1
    locked: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What was found: sentences, the rungs with the best first, the last numbers of this year as far as they are known,
    whether there is a hub to ask, and what it said (empty where it was not asked); `unseen`: how many acts of this desk
    may have given numbers that nobody here knows; `locked`: the record is encrypted, and the key is missing or
    another."""

    said: tuple[str, ...]
    choices: tuple[Choice, ...]
    numbers: Mapping[str, int]
    has_hub: bool = False
    hub: str = ""
    unseen: int = 0
    locked: bool = False


@dataclass(frozen=True, slots=True)
class _Record:
    """The file itself: what is wrong with it, whether every act in it is whole, and how many are missing at its end
    (`behind`, where nothing else is wrong) after `seq` of them; `half`: a restore was cut off over it."""

    said: list[str]
    whole: bool = False
    behind: int = 0
    seq: int = 0
    half: bool = False


def look(home: Home, schema: Schema, key: bytes | None = None, *, year: int = 0, ask_hub: bool = True) -> Found:
    """Look through a desk that does not open. It takes as long as reading the record does."""
    head = headfile.read(home.head)
    aside = restoring.left_aside(home)
    record = _record(home, key, head) if aside is None else _aside(aside, key)
    problems = record.said
    try:
        load(home.config)
    except DutyDeskError as error:
        problems = [*map(str, error.problems), *problems]
        problems.append(_("恢复以后，desk.toml 里的中心库和第二备份要重新设"))
    held = _held(home)
    if _locked_away(home, held, key):
        return Found((_told_locked(key),), (), {}, locked=True)
    copies, broken = _good(held, key)
    problems += broken
    numbers = dict(restoring.last_numbers(home, schema, key, year=year))
    known = _seq_in(home.database, head, key) if any(numbers.values()) else 0
    for copy in copies[:1]:
        known = max(known, _seq_in(copy, head, key))
        for ledger, n in restoring.counted(copy, schema, key, year=year).items():
            numbers[ledger] = max(numbers.get(ledger, 0), n)
    choices: list[Choice] = []
    if record.whole:
        title, keeps = _("重建台账"), _("全部记录都读得出，一条不少")
        if record.half:
            title = _("接着用恢复以前的记录")
        choices.append(Choice(REBUILD, title, keeps, _("不丢记录；本机的窗口布局和未提交的草稿要重来")))
    choices += [_of_copy(copy, head, key) for copy in copies]
    if record.behind:
        choices.append(_of_file(record.seq, record.behind))
        choices.sort(key=_reach, reverse=True)
    elif not record.whole and (aside or (home.database.exists() and home.database.stat().st_size)):
        if copies and head is not None and choices[0].seq != head.seq and _goes_on(home.database, copies[0], head, key):
            keeps = _("全部记录：坏页上的备份里有，备份以后的都读得出")
            choices.insert(0, Choice(SALVAGE, _("抢救：备份里的，加上以后记的"), keeps, _("不丢记录"), seq=head.seq))
        else:
            keeps = _("备份里的全部，加上备份以后坏页以外的") if copies else _("坏页以外的全部记录")
            choices.append(Choice(SALVAGE, _("抢救：逐条读出还能读的"), keeps, _("坏页上的记录；报告会写明缺哪几条")))
    unseen = head.seq - known if head is not None and known and not record.whole else 0
    has_hub = bool(copies) and _hub_of(home) is not None
    found = Found(tuple(problems), tuple(choices), numbers, has_hub=has_hub, unseen=max(0, unseen))
    return heard(home, found, schema, key, year=year) if ask_hub else found


def _held(home: Home) -> list[Path]:
    """All verified copies, newest first: the hourly ones as the record orders them, those from before migrations among
    them by when they were made."""
    out = [home.snapshots / one.name for one in snapshots.held(home.snapshots) if one.verified]
    for copy in reversed(upgrade.copies(home)):
        at = _made_at(copy)
        out.insert(next((n for n, one in enumerate(out) if _made_at(one) <= at), len(out)), copy)
    return out


def _goes_on(file: Path, copy: Path, head: headfile.Head, key: bytes | None) -> bool:
    """Whether copy and file together have everything."""
    made = sidecar.read(copy)
    if made is None or not made.frontier:
        return False
    try:
        raw = recipe.connect(file, key, read_only=True)
    except DutyDeskError:
        return False
    try:
        return goes_on(raw, made.base, (head.desk, head.epoch), head.seq)
    finally:
        raw.close()


def _good(held: Sequence[Path], key: bytes | None) -> tuple[list[Path], list[str]]:
    """The newest copies that open and are as they were when they were verified, and a sentence about those that are
    not: nobody is sent to a copy that does not do."""
    good: list[Path] = []
    broken: list[str] = []
    for copy in held:
        made = sidecar.read(copy)
        if opens(copy, key) and (made is None or made.sha256 == sidecar.sum_of(copy)):
            good.append(copy)
        else:
            broken.append(_moment(copy))
        if len(good) == MOST_COPIES:
            break
    said = _("坏了的备份不列出：{list}").format(list=_("、").join(broken[:MOST_COPIES])) if broken else ""
    if len(broken) > MOST_COPIES:
        said = _("{said}等 {count} 份").format(said=said, count=len(broken))
    return good, [said] if said else []


def _moment(copy: Path) -> str:
    """When a copy was made, in words."""
    return local(_made_at(copy)).strftime("%m-%d %H:%M")


def _made_at(copy: Path) -> int:
    """When a copy was made, by its name or what lies beside it; 0 where neither says."""
    at = snapshots.moment_of(copy)
    made = None if at else sidecar.read(copy)
    return at or (made.at if made else 0)


def _reach(choice: Choice) -> int:
    return choice.seq


def heard(home: Home, found: Found, schema: Schema, key: bytes | None = None, *, year: int = 0) -> Found:
    """The same with what the hub says, which may take as long as a network does. Raises nothing: a hub that does not
    answer is said."""
    copies = [choice.file for choice in found.choices if choice.kind == RESTORE and choice.file is not None]
    hub, back, theirs = _hub(home, copies, schema, key, year)
    numbers = {ledger: max(n, theirs.get(ledger, 0)) for ledger, n in found.numbers.items()}
    head = headfile.read(home.head)
    reached = next((choice.seq + back for choice in found.choices if choice.file in copies[:1] and choice.seq >= 0), 0)
    choices = tuple(
        _of_copy(choice.file, head, key, back)
        if choice.kind == RESTORE and choice.file is not None
        else _of_file(choice.seq, head.seq - choice.seq, reached)
        if choice.kind == KEEP and head is not None
        else choice
        for choice in found.choices
    )
    unseen = min(found.unseen, max(0, head.seq - reached)) if head is not None and back and reached else found.unseen
    return replace(found, choices=choices, numbers=numbers, hub=hub, unseen=unseen)


def elsewhere(home: Home, copy: Path, key: bytes | None) -> Choice:
    """The rung of a copy that somebody has brought: from a stick, from a share."""
    choice = _of_copy(copy, headfile.read(home.head), key)
    title = _("{title}（{name}）").format(title=choice.title, name=copy.name)
    return replace(choice, title=title, locked=_noise(copy) and not opens(copy, key))


def opens(file: Path, key: bytes | None) -> bool:
    """Whether a file is a database that this key opens."""
    try:
        recipe.connect(file, key, read_only=True).close()
    except DutyDeskError:
        return False
    return True


def _noise(file: Path) -> bool:
    """Whether a file looks as an encrypted one does, wherever it is looked at."""
    try:
        pages = file.stat().st_size // NOISE_PAGE
        with file.open("rb") as opened:
            for n in range(LOOKED_AT):
                opened.seek(pages * n // LOOKED_AT * NOISE_PAGE)
                if len(set(opened.read(NOISE_PAGE))) <= NOISE:
                    return False
    except OSError:
        return False
    return pages > 0


def _locked_away(home: Home, copies: Sequence[Path], key: bytes | None) -> bool:
    """Whether it is the key that is wrong and not the record: neither it nor any of its copies opens, and all of them
    look as encrypted ones do."""
    files = [file for file in (home.database, *copies) if file.exists()]
    return bool(files) and all(_noise(file) and not opens(file, key) for file in files)


def _told_locked(key: bytes | None) -> str:
    if key is None:
        return _("数据是加密的，这次启动没有给密钥。数据没有坏")
    return _("数据是加密的，给的密钥（DUTYDESK_KEY）打不开它：密钥不对，或开头坏了")


def _record(home: Home, key: bytes | None, head: headfile.Head | None) -> _Record:
    """Look through the file."""
    said: list[str] = []
    try:
        notes = headfile.inspect(home.database, head, encrypted=key is not None, move=False)
        raw = recipe.connect(home.database, key, read_only=True)
    except headfile.NoDatabase:
        return _Record([_("{file} 不是数据库文件，或开头坏了，读不出来").format(file=home.database.name)])
    except DutyDeskError as error:
        return _Record([str(problem) for problem in error.problems])
    said += notes
    faults: list[Fault] = []
    ends: dict[tuple[bytes, int], tuple[int, bytes]] = {}
    whole = False
    behind = seq = 0
    try:
        acts, desks = chain_problems(raw, faults, file=home.database, key=key)
        ends = {(place.desk, place.epoch): (place.seq, place.hash) for place in desks}
        seq = ends.get((head.desk, head.epoch), (0, b""))[0] if head is not None else 0
        if head is not None and seq and not faults and not notes:
            behind = max(0, head.seq - seq)
        headfile.compare(head, ends.get((head.desk, head.epoch)) if head else None)
        whole = acts > 0 and not faults and not notes
    except Damaged as error:
        said.append(str(error))
    except (recipe.driver().DatabaseError, *GARBLED) as error:
        said.append(_("数据库文件里有坏的地方，读不下去（{error}）").format(error=error))
    finally:
        raw.close()
    said += [f"{fault.where}: {fault.what}" for fault in faults[:5]]
    if len(faults) > 5:
        said.append(_("另有 {rest} 处").format(rest=len(faults) - 5))
    half = whole and _half_named(home, {epoch for _desk, epoch in ends})
    if half:
        said.append(_("上一次恢复没有做完，恢复以前的记录还在"))
    elif whole:
        said.append(_("原始记录是完整的，坏的是由它算出的台账"))
    return _Record(said, whole, behind, seq, half)


def _half_named(home: Home, epochs: set[int]) -> bool:
    """Whether `desk.toml` names an epoch that nobody has opened: a restore that was cut off begins with that."""
    try:
        return bool(epochs) and load(home.config).epoch > max(epochs)
    except DutyDeskError:
        return False


def _aside(file: Path, key: bytes | None) -> _Record:
    """The record that a restore has put aside before it was cut off."""
    said = [_("上一次恢复没有做完，原来的记录放在 {name}").format(name=file.name)]
    faults: list[Fault] = []
    try:
        raw = recipe.connect(file, key, read_only=True)
    except DutyDeskError:
        return _Record(said, half=True)
    try:
        acts, _desks = chain_problems(raw, faults, file=file, key=key)
        return _Record(said, whole=acts > 0 and not faults, half=True)
    except (recipe.driver().DatabaseError, *GARBLED):
        return _Record(said, half=True)
    finally:
        raw.close()


def _seq_in(file: Path, head: headfile.Head | None, key: bytes | None) -> int:
    """How far a file says that the running epoch reaches; 0 where it cannot be asked."""
    if head is None:
        return 0
    try:
        raw = recipe.connect(file, key, read_only=True)
    except DutyDeskError:
        return 0
    try:
        found = raw.execute("SELECT seq FROM frontier WHERE desk = ? AND epoch = ?", (head.desk, head.epoch)).fetchone()
        return int(found[0]) if found else 0
    except (recipe.driver().DatabaseError, *GARBLED):
        return 0
    finally:
        raw.close()


def _of_file(seq: int, behind: int, reached: int = 0) -> Choice:
    loses = _("最后 {lost} 次操作，文件里已经没有了").format(lost=behind)
    back = min(behind, reached - seq)
    if back > 0:
        loses += _("；其中 {back} 次可从中心库取回").format(back=back)
    return Choice(
        KEEP, _("接着用现有的记录"), _("第 {seq} 次操作以前的全部记录，都核对过").format(seq=seq), loses, seq=seq
    )


def _of_copy(copy: Path, head: headfile.Head | None, key: bytes | None, back: int = 0) -> Choice:
    made = sidecar.read(copy)
    at = _moment(copy)
    seq = head.seq if head is not None else 0
    lost = seq - made.seq if made and head and made.desk == head.desk.hex() and made.epoch == head.epoch else -1
    if lost == 0:
        loses = _("不丢记录")
    elif lost > 0:
        loses = _("备份以后本机记的 {lost} 次操作").format(lost=lost)
    else:
        loses = _("备份以后记的，照纸上补记")
    if back and lost:
        loses += _("；其中 {back} 次可从中心库取回").format(back=min(back, lost) if lost > 0 else back)
    keeps = _("{at} 以前的全部记录").format(at=at)
    if made and made.acts:
        keeps += _("，共 {acts} 次操作").format(acts=made.acts)
    last = last_entry(copy, key)
    if last:
        keeps += _("；最后一条 {last}").format(last=last)
    title = _("恢复到 {at} 的备份").format(at=at)
    if not snapshots.moment_of(copy):
        title = _("恢复到 {at} 升级程序前的备份").format(at=at)
    return Choice(RESTORE, title, keeps, loses, copy, seq - lost if lost >= 0 else -1)


def last_entry(copy: Path, key: bytes | None) -> str:
    """When something was written last in a copy, and the last entry of the log: what paper is held against."""
    try:
        raw = recipe.connect(copy, key, read_only=True)
    except DutyDeskError:
        return ""
    try:
        found = raw.execute("SELECT no, recorded_at FROM log WHERE no IS NOT NULL ORDER BY _n DESC LIMIT 1").fetchone()
        if found is not None:
            return f"{local(int(found[1])).strftime('%m-%d %H:%M')} #{str(found[0]).rpartition('-')[2]}"
        (at,) = raw.execute("SELECT max(recorded_at) FROM act").fetchone()
        return local(int(at)).strftime("%m-%d %H:%M") if at else ""
    except (recipe.driver().DatabaseError, *GARBLED):
        return ""
    finally:
        raw.close()


# -- the hub -------------------------------------------------------------------------------------------------------------


def _hub_of(home: Home) -> DeskConfig | None:
    try:
        config = load(home.config)
    except DutyDeskError:
        return None
    return config if config.hub else None


def _hub(
    home: Home, copies: Sequence[Path], schema: Schema, key: bytes | None, year: int
) -> tuple[str, int, dict[str, int]]:
    """What the hub says: a sentence, how many of this desk's own acts it has that the newest copy lacks, and the
    highest numbers in them."""
    config = _hub_of(home)
    if config is None or not copies:
        return "", 0, {}
    try:
        back, numbers = at_hub(config, copies[0], schema, key, year)
    except DutyDeskError as error:
        return _("中心库连不上，缺的记录下次同步时取回（{error}）").format(error=error), 0, {}
    return _("中心库有备份之后本机的 {back} 次操作，恢复以后自动取回").format(back=back), back, numbers


def theirs(home: Home, copy: Path, schema: Schema, key: bytes | None, year: int) -> dict[str, int]:
    """The highest numbers of this desk that the hub knows and a copy does not; none where no hub answers."""
    try:
        return _hub(home, [copy], schema, key, year)[2]
    except (recipe.driver().DatabaseError, *GARBLED):
        return {}  # the copy itself cannot be read: the restore says so


def at_hub(config: DeskConfig, copy: Path, schema: Schema, key: bytes | None, year: int) -> tuple[int, dict[str, int]]:
    """How many acts of this desk the hub has beyond a copy, and the highest number of each kind in them. Raises
    `Unavailable`, `Refused`."""
    from dutydesk.sync import hub, protocol  # psycopg is loaded where a hub is set

    address = hub.target(config.hub, ca=config.hub_ca).public
    raw = recipe.connect(copy, key, read_only=True)
    try:
        login = raw.execute("SELECT body FROM local_peer WHERE name = ?", (protocol.LOGIN + address,)).fetchone()
        mine = {
            int(epoch): int(seq)
            for epoch, seq in raw.execute(
                "SELECT epoch, seq FROM frontier WHERE desk = ?", (config.desk_id,)
            ).fetchall()
        }
    finally:
        raw.close()
    password = str(json.loads(login[0]).get("password", "")) if login else ""
    fields = {name: shape.ledger.number for name, shape in schema.shapes.items() if shape.ledger.number}
    back = 0
    numbers: dict[str, int] = {}
    with hub.Hub.connect(config.hub, ca=config.hub_ca, password=password, patience=HUB_PATIENCE) as there:
        for (desk, epoch), (end, _hash) in there.hello().frontier.items():
            seq = mine.get(epoch, 0)
            while desk == config.desk_id and seq < end:
                upto = min(end, seq + PAGE)
                for act, _personal in there.acts([(desk, epoch, seq, upto)]):
                    back += 1
                    highest(act.body, fields, year, numbers)
                seq = upto
    return back, numbers


def pull_back(home: Home, schema: Schema, clock: Clock, key: bytes | None = None) -> str:
    """After a restore: bring this desk's own acts back from the hub, where one is set; a sentence, empty where none
    is."""
    from dutydesk.sync import protocol

    with Store.open(home, schema, clock, key=key) as store:
        if not store.config.hub or store.config.sample or store.config.drill:
            return ""
        try:
            report = protocol.run(Desk(store, clock, Me(), ()), patience=HUB_PATIENCE)
        except DutyDeskError as error:
            return _("中心库连不上，缺的记录下次同步时取回（{error}）").format(error=error)
    return _("从中心库取回 {pulled} 次操作").format(pulled=report.pulled)


def take(
    choice: Choice,
    home: Home,
    schema: Schema,
    clock: Clock,
    numbers: Mapping[str, int],
    *,
    key: bytes | None = None,
    floors: Sequence[restoring.Floor] = (),
) -> list[str]:
    """Do what was chosen; sentences about what came of it. Raises what the rung raises; the broken file is kept."""
    said: list[str] = []
    if choice.kind == RESTORE and choice.file is not None:
        kept = restoring.restore(home, schema, clock, choice.file, numbers, key=key, floors=floors)
        said.append(_("{title}：完成").format(title=choice.title))
    else:
        # desk.head has said where the record ended, and all of it was found whole: its copies have nothing more.
        whole = choice.kind == REBUILD and headfile.read(home.head) is not None
        made, kept = salvage.in_place(home, schema, clock, numbers, key=key, floors=floors, whole=whole)
        said += salvage.lines(made)
    if kept is not None:
        said.append(_("原来的数据放在 {kept}，不要删").format(kept=kept.name))
    back = pull_back(home, schema, clock, key)
    if back:
        said.append(back)
    said.append(next_numbers(home, schema, clock, key))
    return [text for text in said if text]


def greater(numbers: Mapping[str, int], others: Mapping[str, int]) -> dict[str, int]:
    """Of each kind in `numbers` the greater number."""
    return {ledger: max(n, others.get(ledger, 0)) for ledger, n in numbers.items()}


def next_numbers(home: Home, schema: Schema, clock: Clock, key: bytes | None = None) -> str:
    """From where on numbers go now: what the next paper will say."""
    year = local(clock.now()).year
    held = restoring.last_numbers(home, schema, key, year=year)
    parts = [
        _("{title} {n:04d}").format(title=_(schema[ledger].ledger.title), n=n + 1) for ledger, n in held.items() if n
    ]
    return _("接着编号：{list}").format(list=_("，").join(parts)) if parts else ""
