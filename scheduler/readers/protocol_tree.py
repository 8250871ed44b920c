"""How the dates of a protocol file must hang together.

Every encounter counts from one anchor, every anchor leads to the enrollment, and so an
arm is a tree; limits reach only up the encounter's own chain of anchors, because
placement settles the branches of that tree one by one.

>>> from scheduler.readers.forms import fill
>>> text = '''[[milestone]]
... id = "day-0"
... anchor = "day-0"
... offset = "1 d"
... '''
>>> form, findings = fill(text, "a.toml", ProtocolForm)
>>> check_tree(form, findings)
>>> findings.problems[("milestone", 0, "anchor")][1].what
'milestone "day-0": anchor goes round in a circle: day-0 → day-0'
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from scheduler.dates import DateOutOfRange, Offset
from scheduler.protocol import ENROLLMENT, Kind
from scheduler.readers.forms import Findings
from scheduler.readers.places import Path
from scheduler.readers.protocol_form import ArmForm, EncounterForm, LimitForm, ProtocolForm
from scheduler.readers.vocabulary import Margin, meant

_ENROLLMENTS = tuple(date(2027, 1, 1) + timedelta(days=n) for n in range(365 + 366))
"""A common and a leap year: the days from which targets are compared where months count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node:
    id: str
    path: Path
    anchor: str
    offset: Offset
    margin: Margin = Margin()


class _Tree:
    """Milestones, and the encounters of one arm, each with what it counts from.

    Of two nodes with one id the first is meant; the second is a problem of its own.  A
    node without an id ("") may be the very one that an unknown anchor means.
    """

    def __init__(self, nodes: Sequence[_Node], findings: Findings) -> None:
        self.nodes: Mapping[str, _Node] = {
            node.id: node for node in reversed(nodes) if node.id != ENROLLMENT
        }
        self._findings = findings

    def chain(self, node: _Node) -> tuple[str, ...] | None:
        """The anchors from that of `node` up to enrollment; None when they do not lead there."""
        chain: list[str] = []
        step: _Node | None = node
        while step is not None and self._findings.sound(step.path, "anchor"):
            if step.anchor in chain:
                return None
            chain.append(step.anchor)
            if step.anchor == ENROLLMENT:
                return tuple(chain)
            step = self.nodes.get(step.anchor)
        return None

    def circle(self, node: _Node) -> tuple[str, ...] | None:
        """The circle of anchors that `node` is a part of, from its id to its id."""
        walk = [node.id]
        step = node if self.nodes.get(node.id) is node else None
        while step is not None and step.anchor != node.id:
            if step.anchor in walk:
                return None
            walk.append(step.anchor)
            step = self.nodes.get(step.anchor)
        return None if step is None else (*walk, node.id)

    def way(self, node: _Node) -> tuple[_Node, ...]:
        """The nodes from the one that counts from enrollment down to `node`; empty if broken."""
        chain = self.chain(node)
        if chain is None:
            return ()
        return (*(self.nodes[anchor] for anchor in reversed(chain[:-1])), node)

    def target(self, way: Sequence[_Node], enrolled: date) -> date | None:
        """The target at the end of `way`; None when an offset on it is wrong."""
        day: date | None = enrolled if way else None
        for step in way:
            if day is None or not self._findings.sound(step.path, "offset"):
                return None
            day = self.moved(day, step.offset, (*step.path, "offset"))
        return day

    def moved(self, day: date, offset: Offset, path: Path) -> date | None:
        """The day `offset` after `day`; blames `path` when that is outside every calendar."""
        try:
            return offset.after(day)
        except DateOutOfRange as error:
            self._findings.blame(path, f"leads too far: {error}")
            return None


def check_tree(form: ProtocolForm, findings: Findings) -> None:
    """Note everything in `form` that keeps its dates from hanging together."""
    milestones = [
        _Node(id=m.id, path=("milestone", n), anchor=m.anchor, offset=m.offset)
        for n, m in enumerate(form.milestone)
    ]
    _check_milestones(milestones, form, findings)
    for a, arm in enumerate(form.arm):
        own = [
            _Node(
                id=e.id,
                path=("arm", a, "encounter", n),
                anchor=e.anchor,
                offset=e.offset,
                margin=e.window,
            )
            for n, e in enumerate(arm.encounter)
        ]
        tree = _Tree([*milestones, *own], findings)
        _check_anchors(own, tree, form, findings)
        _check_circles(own, tree, findings)
        for node, encounter in zip(own, arm.encounter, strict=True):
            for n, limit in enumerate(encounter.limits):
                _check_limit((*node.path, "limits", n), limit, node, tree, findings)
            _check_pair(node, encounter, tree, arm, findings)
        _check_order(own, tree, findings)


def _check_milestones(nodes: Sequence[_Node], form: ProtocolForm, findings: Findings) -> None:
    tree = _Tree(nodes, findings)
    visits = {encounter.id for arm in form.arm for encounter in arm.encounter}
    for node in nodes:
        path: Path = (*node.path, "anchor")
        if node.anchor == ENROLLMENT or node.anchor in tree.nodes or "" in tree.nodes:
            continue
        if node.anchor in visits:
            remedy = "a milestone counts from enrollment or from another milestone"
            findings.blame(path, f'"{node.anchor}" is an encounter', remedy)
        else:
            remedy = meant(node.anchor, [ENROLLMENT, *(n.id for n in nodes)])
            findings.blame(path, f'"{node.anchor}" is not a milestone', remedy)
    _check_circles(nodes, tree, findings)
    for node in nodes:
        tree.target(tree.way(node), _ENROLLMENTS[0])


def _check_anchors(
    own: Sequence[_Node], tree: _Tree, form: ProtocolForm, findings: Findings
) -> None:
    for node in own:
        anchor = node.anchor
        if anchor == ENROLLMENT or anchor in tree.nodes or "" in tree.nodes:
            continue
        elsewhere = [arm.code for arm in form.arm if any(e.id == anchor for e in arm.encounter)]
        if elsewhere:
            what = f'"{anchor}" is not in this arm, only in arm "{elsewhere[0]}"'
            remedy = "count from an encounter of the same arm, or from a milestone"
        else:
            what = f'"{anchor}" is not an encounter of this arm or a milestone'
            remedy = meant(anchor, [ENROLLMENT, *(n.id for n in own), *tree.nodes])
        findings.blame((*node.path, "anchor"), what, remedy)


def _check_circles(nodes: Sequence[_Node], tree: _Tree, findings: Findings) -> None:
    told: set[str] = set()
    for node in nodes:
        circle = tree.circle(node)
        if circle is not None and node.id not in told:
            told.update(circle)
            what = f"goes round in a circle: {' → '.join(circle)}"
            findings.blame((*node.path, "anchor"), what, f"one must count from {ENROLLMENT}")


def _check_limit(
    path: Path, limit: LimitForm, node: _Node, tree: _Tree, findings: Findings
) -> None:
    unbounded = limit.not_before is None and limit.not_after is None
    if unbounded and findings.sound(path, "not_before", "not_after"):
        findings.blame(path, "says neither not_before nor not_after", 'like not_after = "60 d"')
    chain = tree.chain(node)
    milestones = [name for name, at in tree.nodes.items() if at.path[0] == "milestone"]
    if chain is not None and limit.anchor not in {*chain, *milestones}:
        what = f'"{limit.anchor}" is not on the way from "{node.id}" up to enrollment'
        findings.blame((*path, "anchor"), what, meant(limit.anchor, [*chain, *milestones]))
    bounds = {"not_before": limit.not_before, "not_after": limit.not_after}
    given = {key: bound for key, bound in bounds.items() if bound is not None}
    for day in _days_to_try(given.values()):
        days = [tree.moved(day, bound, (*path, key)) for key, bound in given.items()]
        match days:
            case [date() as earliest, date() as latest] if latest < earliest:
                findings.blame(path, "leaves no day: not_before lies after not_after")


def _check_pair(
    node: _Node, encounter: EncounterForm, tree: _Tree, arm: ArmForm, findings: Findings
) -> None:
    other = encounter.paired_with
    if other is None:
        return
    path: Path = (*node.path, "paired_with")
    halves = {e.id: e.kind for e in arm.encounter}
    infusions = [id for id, kind in halves.items() if kind is Kind.INFUSION and id != node.id]
    chain = tree.chain(node)
    if other not in halves or other == node.id:
        what = f'"{other}" is not another encounter of this arm'
        findings.blame(path, what, meant(other, infusions))
        return
    for half in (node, tree.nodes[other]):
        if findings.sound(half.path, "kind") and halves[half.id] is not Kind.INFUSION:
            what = f'"{other}" is not possible: "{half.id}" is not an infusion'
            findings.blame(path, what, "only two infusions make a pair")
    if chain is None or not findings.sound(path):
        return
    if other not in chain:
        what = f'"{other}" is not possible: nothing keeps the two together'
        findings.blame(path, what, f'count "{node.id}" from "{other}"')
    else:
        for half in (node, *(tree.nodes[id] for id in chain[: chain.index(other)])):
            if half.margin != Margin():
                what = f'must be "0 d": "{node.id}" is never parted from "{other}"'
                findings.blame((*half.path, "window"), what)


def _check_order(own: Sequence[_Node], tree: _Tree, findings: Findings) -> None:
    ways = [(node, tree.way(node)) for node in own]
    for enrolled in _days_to_try(step.offset for _, way in ways for step in way):
        earlier: tuple[str, date] | None = None
        for node, way in ways:
            target = tree.target(way, enrolled)
            if target is None:
                continue
            tree.moved(target, -node.margin.before, (*node.path, "window"))
            tree.moved(target, node.margin.after, (*node.path, "window"))
            if earlier is not None and target < earlier[1]:
                what = (
                    f'leads to {target} (enrolled {enrolled}), before "{earlier[0]}" '
                    f"on {earlier[1]}, which is listed earlier"
                )
                findings.blame((*node.path, "offset"), what, "list encounters in order of target")
            earlier = (node.id, target)


def _days_to_try(offsets: Iterable[Offset]) -> Sequence[date]:
    # Days obey the shift law, so one enrollment stands for all of them.
    return _ENROLLMENTS if any(offset.months for offset in offsets) else _ENROLLMENTS[:1]
