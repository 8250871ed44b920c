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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from scheduler.dates import DateOutOfRange, Offset
from scheduler.protocol import ENROLLMENT, Kind
from scheduler.readers.forms import Findings
from scheduler.readers.places import Path
from scheduler.readers.protocol_form import ArmForm, EncounterForm, LimitForm, ProtocolForm
from scheduler.readers.vocabulary import Margin, meant

_ENROLLMENTS = (
    *(date(2027, month, 1) for month in range(1, 13)),
    *(date(2027, month, 28) for month in range(1, 13)),
    *(date(2027, month, 31) for month in (1, 3, 5, 7, 8, 10, 12)),
    *(date(2028, month, 29) for month in (1, 2, 8)),
)
"""Days on which targets are compared: months differ in length, so one day is not enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node:
    id: str
    path: Path
    anchor: str
    offset: Offset
    margin: Margin = Margin()


class _Tree:
    """Milestones, and the encounters of one arm, each with what it counts from."""

    def __init__(self, nodes: Sequence[_Node], findings: Findings) -> None:
        # Of two nodes with one id the first is meant; the second is a problem of its own.
        self.nodes: Mapping[str, _Node] = {node.id: node for node in reversed(nodes)}
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
        step: _Node | None = node
        while step is not None and step.anchor != node.id:
            if step.anchor in walk:
                return None
            walk.append(step.anchor)
            step = self.nodes.get(step.anchor)
        return None if step is None else (*walk, node.id)

    def target(self, node: _Node, enrolled: date) -> date | None:
        """The target of `node`; None when something on the way to it is wrong."""
        chain = self.chain(node)
        if chain is None:
            return None
        day = enrolled
        for step in (*(self.nodes[anchor] for anchor in reversed(chain[:-1])), node):
            if not self._findings.sound(step.path, "offset"):
                return None
            moved = self.moved(day, step.offset, (*step.path, "offset"))
            if moved is None:
                return None
            day = moved
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
        if node.anchor in visits - tree.nodes.keys():
            remedy = "a milestone counts from enrollment or from another milestone"
            findings.blame(path, f'"{node.anchor}" is an encounter', remedy)
        elif node.anchor != ENROLLMENT and node.anchor not in tree.nodes:
            remedy = meant(node.anchor, [ENROLLMENT, *(n.id for n in nodes)])
            findings.blame(path, f'"{node.anchor}" is not a milestone', remedy)
    _check_circles(nodes, tree, findings)
    for node in nodes:
        for enrolled in _ENROLLMENTS:
            tree.target(node, enrolled)


def _check_anchors(
    own: Sequence[_Node], tree: _Tree, form: ProtocolForm, findings: Findings
) -> None:
    for node in own:
        anchor = node.anchor
        if anchor == ENROLLMENT or anchor in tree.nodes:
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
    for day in _ENROLLMENTS:
        bounds = [
            tree.moved(day, bound, (*path, key))
            for key, bound in (("not_before", limit.not_before), ("not_after", limit.not_after))
            if bound is not None
        ]
        match bounds:
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
    if chain is not None and other not in chain:
        what = f'"{other}" is not possible: nothing keeps the two together'
        findings.blame(path, what, f'count "{node.id}" from "{other}"')
    elif chain is not None:
        for half in (node, *(tree.nodes[id] for id in chain[: chain.index(other)])):
            if half.margin != Margin():
                what = f'must be "0 d": "{node.id}" is never parted from "{other}"'
                findings.blame((*half.path, "window"), what)


def _check_order(own: Sequence[_Node], tree: _Tree, findings: Findings) -> None:
    for enrolled in _ENROLLMENTS:
        earlier: tuple[str, date] | None = None
        for node in own:
            target = tree.target(node, enrolled)
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
