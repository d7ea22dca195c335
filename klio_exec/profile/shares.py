"""The table of a job's transforms: who took how much, klio and Beam each in a line of their own."""

from __future__ import annotations

from collections.abc import Iterable

from klio_exec.profile.family import Family
from klio_exec.profile.meter import Account, Transform
from klio_exec.profile.once import Ran
from klio_exec.profile.table import memory_text, share_text, table, time_text

_HEADER = ("", "calls", "wall", "share", "CPU", "peak memory")


def shares(transforms: Iterable[Transform], ran: Ran) -> str:
    """Answer the table: the author's transforms, the longest first, then klio, Beam, and all together."""
    known = list(transforms)
    own = sorted((one for one in known if not one.ours), key=lambda one: -one.code.wall)
    ours, rest, everything = Account(), Account(), Account()
    everything.wall, everything.cpu = ran.wall, ran.cpu
    for one in known:
        ours.add(one.around)
        if one.ours:
            ours.add(one.code)
    code = [one.code for one in own]
    rest.wall = ran.wall - ours.wall - sum(one.wall for one in code)
    rest.cpu = ran.cpu - ours.cpu - sum(one.cpu for one in code)
    rows = [(one.name, str(len(one.calls)), *_figures(one.code, ran), memory_text(one.peak)) for one in own]
    parts = (("klio", ours), ("Beam", rest), ("together", everything))
    return table(_HEADER, [*rows, *((name, "", *_figures(account, ran)) for name, account in parts)])


def _figures(account: Account, ran: Ran) -> tuple[str, str, str]:
    return time_text(account.wall), share_text(account.wall, ran.wall), time_text(account.cpu)


def headed(family: Family, ran: Ran) -> str:
    """Answer the table below a line that says what the whole run took."""
    start = family.samples[0].memory
    said = (
        f"{ran.elements}, {time_text(ran.wall)}, {share_text(ran.cpu, ran.wall)} of a "
        f"processor, {memory_text(family.peak)} of memory at most, {memory_text(start)} at the start"
    )
    return f"{said}\n\n{shares(family.meter.transforms.values(), ran)}"
