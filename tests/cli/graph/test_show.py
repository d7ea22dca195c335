from __future__ import annotations

import re
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klio_cli.graph.layout import layout

from .conftest import DIAMOND, NewJobs, topic

SCREEN = """\
decode → beats, loudness → mix

decode  streaming
  ← events  decode-in                   entry
  ← data    gs://studio/tracks/*.wav    no job here makes it
  → events  decode-out                  to beats, loudness
  → data    gs://studio/decode/*.wav    to beats, loudness

beats  streaming
  ← events  beats-in                    entry
  ← events  decode-out                  from decode
  ← data    gs://studio/decode/*.wav    from decode
  → events  beats-out                   to mix
  → data    gs://studio/beats/*.wav     to mix
  ? asks    gs://studio/decode/*.wav    of decode

loudness  streaming
  ← events  loudness-in                 entry
  ← events  decode-out                  from decode
  ← data    gs://studio/decode/*.wav    from decode
  → events  loudness-out                to mix
  → data    gs://studio/loudness/*.wav  to mix
  ? asks    gs://studio/decode/*.wav    of decode

mix  streaming
  ← events  mix-in                      entry
  ← events  beats-out                   from beats
  ← events  loudness-out                from loudness
  ← data    gs://studio/beats/*.wav     from beats
  ← data    gs://studio/loudness/*.wav  from loudness
  → events  mix-out                     end
  → data    gs://studio/mix/*.wav
  ? asks    gs://studio/beats/*.wav     of beats
  ? asks    gs://studio/loudness/*.wav  of loudness

nothing found
"""


def test_the_jobs_are_shown_in_order_with_what_flows_between_them(klio, new_jobs: NewJobs):
    screen = klio("graph", "show", new_jobs(DIAMOND))

    assert (screen.status, screen.err) == (0, "")
    assert screen.out == SCREEN


def test_directories_may_be_named_one_by_one_in_any_order_and_twice(klio, new_jobs: NewJobs):
    jobs = new_jobs(DIAMOND)

    screen = klio("graph", "show", *(jobs / name for name in ("mix", "decode", "beats", "decode")))

    assert (screen.status, screen.out.splitlines()[0]) == (0, "decode → beats → mix")
    assert "! mix asks loudness for what is missing, and that job is not here\n" in screen.out


def test_what_keeps_elements_from_coming_through_is_exit_status_1_with_what_to_do(klio, new_jobs: NewJobs):
    def spoil(config) -> None:
        if config["job_name"] == "loudness":
            config["job_config"]["data"]["outputs"][0]["location"] = "gs://studio/beats"
            config["job_config"]["events"]["outputs"].append({"type": "pubsub", "topic": topic("decode-in")})

    screen = klio("graph", "show", new_jobs(DIAMOND, spoil))

    assert screen.status == 1
    assert screen.out.split("\n\n")[-2].splitlines() == [
        "✗ decode → loudness → decode: each waits for the one before",
        "    to do: let one of them read something that none of the others makes",
        "✗ beats and loudness write gs://studio/beats/*.wav: whoever comes first does the other's work",
        "    to do: give one of them another location or file_suffix",
        "✗ mix asks loudness for gs://studio/loudness/*.wav, but it makes gs://studio/beats/*.wav",
        "    to do: location and file_suffix of both must be the same, and `makes` must name that input",
    ]
    assert screen.out.splitlines()[-1] == "3 errors"


def test_a_mermaid_flowchart_holds_every_node_and_every_arrow(klio, new_jobs: NewJobs, tmp_path: Path):
    screen = klio("graph", "show", new_jobs({"decode": (), "beats": ("decode",)}), "--output", tmp_path / "graph.mmd")

    assert (screen.status, screen.err) == (0, f"Drawn: {tmp_path}/graph.mmd\n")
    assert "· entry: decode reads projects/studio/topics/decode-in, to which no job here writes\n" in screen.out
    lines = [line.strip() for line in (tmp_path / "graph.mmd").read_text().splitlines()]
    ids = {match[2]: match[1] for line in lines if (match := re.match(r'(n\d+)\W+"(.*)"\W+:::', line))}
    assert lines[0] == "flowchart LR"
    assert set(ids) == {
        *("decode", "beats", "decode-in", "decode-out", "beats-in", "beats-out"),
        *(f"gs://studio/{name}/#42;.wav" for name in ("tracks", "decode", "beats")),
    }
    assert f"{ids['decode']} --> {ids['decode-out']}" in lines
    assert f"{ids['decode-out']} --> {ids['beats']}" in lines
    assert f"{ids['beats']} -. asks .-> {ids['decode']}" in lines


def test_a_picture_holds_every_label_and_marks_what_is_wrong(klio, new_jobs: NewJobs, tmp_path: Path):
    def spoil(config) -> None:
        config["job_config"]["data"]["outputs"][0]["location"] = "gs://studio/<one & the same>"

    screen = klio("graph", "show", new_jobs({"beats": (), "mix": ()}, spoil), "--output", tmp_path / "graph.svg")

    assert screen.status == 1
    picture = ET.fromstring((tmp_path / "graph.svg").read_text())
    words = {text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")}
    classes = [one.get("class") for one in picture.iter() if one.get("class")]
    assert {"beats", "mix", "beats-in", "gs://studio/<one & the same>/*.wav"} <= words
    assert classes.count("job wrong") == 2
    assert classes.count("edge") == 8


def test_a_picture_shows_who_asks_whom(klio, new_jobs: NewJobs, tmp_path: Path):
    screen = klio("graph", "show", new_jobs(DIAMOND), "--output", tmp_path / "graph.svg")

    picture = ET.fromstring((tmp_path / "graph.svg").read_text())
    boxes = {text: _box(one) for one, text in _jobs(picture)}
    asks = [one for one in picture.iter(f"{SVG}path") if one.get("class") == "asks"][:-1]  # the last is the legend's
    ends = {(_job_at(boxes, _first(one)), _job_at(boxes, _last(one))) for one in asks}
    assert (screen.status, len(asks)) == (0, 4)
    assert ends == {(parent, child) for child, parents in DIAMOND.items() for parent in parents}


SVG = "{http://www.w3.org/2000/svg}"
Box = tuple[float, float, float, float]


def _jobs(picture: ET.Element) -> list[tuple[ET.Element, str]]:
    """Each job's rectangle, with its name, which comes right after it."""
    every = list(picture.iter())
    pairs = pairwise(every)
    return [(one, str(text.text)) for one, text in pairs if one.get("class") == "job" and text.text in DIAMOND]


def _box(one: ET.Element) -> Box:
    x, y, wide, high = (float(one.get(name, "")) for name in ("x", "y", "width", "height"))
    return x, y, x + wide, y + high


def _first(path: ET.Element) -> tuple[float, float]:
    x, y = path.get("d", "").removeprefix("M").split()[:2]
    return float(x), float(y)


def _last(path: ET.Element) -> tuple[float, float]:
    """Where a path ends: level, at the height at which its last curve ends."""
    numbers = [float(number) for number in re.findall(r"[\d.]+", path.get("d", "").rpartition("C")[2])]
    return (numbers[-1], numbers[5]) if len(numbers) % 2 else (numbers[4], numbers[5])


def _job_at(boxes: dict[str, Box], spot: tuple[float, float]) -> str:
    x, y = spot
    return next(n for n, (left, top, right, low) in boxes.items() if left - 1 <= x <= right + 1 and top <= y <= low)


@pytest.mark.parametrize("name", ["graph.png", "graph"])
def test_only_pictures_of_two_kinds_are_drawn(klio, new_jobs: NewJobs, name: str):
    screen = klio("graph", "show", new_jobs({"decode": ()}), "--output", name)

    assert (screen.status, screen.out) == (2, "")
    assert screen.err == (
        f"Error: no picture of this kind\n  expected: a name that ends in .svg or .mmd\n  got: {name}\n"
    )


def test_a_directory_without_jobs_is_said_to_be_one(klio, tmp_path: Path):
    screen = klio("graph", "show", tmp_path)

    assert (screen.status, screen.out) == (2, "")
    assert screen.err.startswith("Error: no job here, and none in the directories below\n")


def test_a_bad_job_file_is_told_with_its_line(klio, new_jobs: NewJobs):
    jobs = new_jobs(DIAMOND)
    (jobs / "mix" / "klio-job.yaml").write_text("job_name: mix\njob_confg: {}\n")

    screen = klio("graph", "show", jobs)

    assert (screen.status, screen.out) == (2, "")
    assert f"{jobs}/mix/klio-job.yaml:2" in screen.err


EDGES = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda e: e[0] != e[1]), max_size=25, unique=True
)


@given(EDGES)
def test_no_two_nodes_of_a_picture_overlap_and_every_line_has_its_ends(edges: list[tuple[int, int]]):
    sizes = {spot: (20.0 + 10 * spot, 20.0 + spot) for spot in range(10)}

    drawn = layout(sizes, edges)

    for one, other in combinations(sizes, 2):
        dx, dy = (abs(a - b) for a, b in zip(drawn.places[one], drawn.places[other], strict=True))
        apart_x, apart_y = (sizes[one][i] / 2 + sizes[other][i] / 2 for i in (0, 1))
        assert dx >= apart_x - 1e-6 or dy >= apart_y - 1e-6
    for (tail, head), spans in drawn.ways.items():
        assert spans[0][2] == drawn.places[tail][1]
        assert spans[-1][2] == drawn.places[head][1]
