"""What must hold between the parts of a configuration.

The rules look at the values as they were read, not at the models, so that they can be told together with
everything else that is wrong; what is not of the right kind is left to the models.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from klio_core.config.problems import KeyPath, Place, Problem, dotted, shown
from klio_core.config.schema.kinds import kind_name
from klio_core.config.values import Values

Entry = tuple[KeyPath, dict[Any, Any]]
Finding = tuple[KeyPath, dict[str, str]]

_SIDES = ("inputs", "outputs")


def check(values: Values, root: Place) -> list[Problem]:
    """Return what is wrong between the parts."""
    findings = (finding for rule in RULES for finding in rule(values.data))
    return [Problem(place=values.place(path, root), path=dotted(path), **finding) for path, finding in findings]


def modes_agree(data: Any) -> Iterator[Finding]:
    """Pub/Sub never ends, files do: each needs the job to be of its kind, unless the author reads it himself."""
    streaming = _at(data, "pipeline_options", "streaming")
    if streaming is not None and not isinstance(streaming, bool):
        return
    is_streaming = streaming is not False
    said = str(is_streaming).lower() + (" (the default)" if streaming is None else "")
    for path, entry in _events(data):
        kind = _kind(entry)
        skipped = entry.get("skip_klio_read") is True or entry.get("skip_klio_write") is True
        if kind in _NEEDS_STREAMING and _NEEDS_STREAMING[kind] != is_streaming and not skipped:
            mode = "streaming" if _NEEDS_STREAMING[kind] else "batch"
            expected = f"pipeline_options.streaming: {str(not is_streaming).lower()}"
            what = f"events of type {kind} need a {mode} job"
            yield (*path, "type"), {"what": what, "expected": expected, "got": said}


def names_differ(data: Any) -> Iterator[Finding]:
    """A name addresses one entry of its list."""
    for entries in (*(_io(data, "events", side) for side in _SIDES), *(_io(data, "data", side) for side in _SIDES)):
        first: dict[str, KeyPath] = {}
        for path, entry in entries:
            name = entry.get("name")
            if not isinstance(name, str):
                continue
            if name in first:
                what = f"the name {name!r} is taken"
                yield (*path, "name"), {"what": what, "got": f"also at {dotted(first[name])}"}
            first.setdefault(name, path)


def outputs_are_not_inputs(data: Any) -> Iterator[Finding]:
    """An output that is an input exists before any work is done, so that no work ever would be."""
    taken: dict[tuple[str, str], KeyPath] = {}
    for path, entry in _io(data, "data", "inputs"):
        # With `split` an element names several inputs, and the output is called otherwise.
        if (target := _target(entry)) and not entry.get("split"):
            taken.setdefault(target, path)
    for path, entry in _io(data, "data", "outputs"):
        target = _target(entry)
        if target is None or entry.get("skip_klio_existence_check") is True:
            continue
        if target in taken:
            what = f"the same place and file_suffix as {dotted(taken[target])}"
            todo = "choose another location or file_suffix: an output that exists is not made again"
            yield (*path, "location"), {"what": what, "todo": todo}
        taken.setdefault(target, path)


def topics_do_not_loop(data: Any) -> Iterator[Finding]:
    """A job that publishes to its own input works for ever."""
    inputs = {entry.get("topic"): path for path, entry in _io(data, "events", "inputs")}
    inputs.pop(None, None)
    outputs = _io(data, "events", "outputs")
    letters = _at(data, "job_config", "events", "dead_letters")
    if isinstance(letters, dict):
        outputs.append((("job_config", "events", "dead_letters"), letters))
    for path, entry in outputs:
        topic = entry.get("topic")
        if isinstance(topic, str) and topic in inputs:
            what = f"the topic that {dotted(inputs[topic])} reads"
            yield (*path, "topic"), {"what": what, "todo": "publish to another topic: this one is a loop"}


def records_have_a_place(data: Any) -> Iterator[Finding]:
    """Letters go to Cloud Storage one by one; a line cannot be added to an object, and nothing else is known."""
    letters, status = (_at(data, "job_config", "events", key) for key in ("dead_letters", "status"))
    path: KeyPath = ("job_config", "events", "dead_letters", "location")
    place = letters.get("location") if isinstance(letters, dict) else None
    if isinstance(place, str) and "://" in place:
        if letters.get("type") == "file":
            todo = "write `type: directory`: then each letter is an object"
            yield path, {"what": "no line can be added to an object", "got": shown(place), "todo": todo}
        elif not place.startswith("gs://"):
            expected = "gs://BUCKET/…, or a directory of this machine"
            yield path, {"what": "no place that dead letters can be kept in", "expected": expected, "got": shown(place)}
    place = status.get("location") if isinstance(status, dict) else None
    if isinstance(place, str) and "://" in place:
        path = ("job_config", "events", "status", "location")
        todo = "publish them: `type: pubsub`, with a topic"
        yield path, {"what": "status records are written to this machine alone", "got": shown(place), "todo": todo}


def parents_are_others(data: Any) -> Iterator[Finding]:
    """A job that is its own parent would ask itself for what it lacks, for ever."""
    ours = _at(data, "pipeline_options", "project")
    read = {entry.get("topic"): path for path, entry in _io(data, "events", "inputs")}
    for path, entry in _dependencies(data):
        if entry.get("job_name") == _at(data, "job_name") and entry.get("gcp_project", ours) == ours:
            todo = "name the job that makes what this one reads"
            yield (*path, "job_name"), {"what": "a job cannot depend on itself", "todo": todo}
            continue
        key = "input_topic" if "input_topic" in entry else "input_topics"
        topics = entry.get(key)
        for topic in topics if isinstance(topics, list) else [topics]:
            if isinstance(topic, str) and topic in read:
                what = f"the topic that {dotted(read[topic])} reads: this job would ask itself"
                yield (*path, key), {"what": what, "todo": "write the topic that the parent reads"}


def parents_can_be_asked(data: Any) -> Iterator[Finding]:
    """A job that runs for ever asks its parents by their topics; batch jobs are brought together by who runs them."""
    if _at(data, "pipeline_options", "streaming") is False:
        return
    for path, entry in _dependencies(data):
        if not any(entry.get(key) for key in ("input_topic", "input_topics", "inbox")):
            todo = "add the key input_topics"
            yield (*path, "input_topics"), {"what": "a required key is missing", "todo": todo}


def parents_make_inputs(data: Any) -> Iterator[Finding]:
    """Of several data inputs and several parents, each parent says which one is its work."""
    inputs = [entry for _, entry in _io(data, "data", "inputs")]
    names = [entry["name"] for entry in inputs if isinstance(entry.get("name"), str)]
    parents = _dependencies(data)
    known = ", ".join([*names[:_MOST_SHOWN], f"0 to {len(inputs) - 1}"])
    expected = f"one of {known}" if inputs else "a data input to make"
    for path, entry in parents:
        makes = entry.get("makes")
        if makes is None:
            if len(inputs) > 1 and len(parents) > 1:
                what = "which of the data inputs does this parent make?"
                yield path, {"what": what, "expected": expected, "todo": "add the key makes"}
        elif makes not in names and not (isinstance(makes, int) and makes < len(inputs)):
            yield (*path, "makes"), {"what": "there is no such data input", "expected": expected, "got": shown(makes)}


def what_can_be_ended(data: Any) -> Iterator[Finding]:
    """A thread cannot be ended from outside, a process can."""
    isolation = _at(data, "job_config", "isolation")
    if not isinstance(isolation, str) or isolation.lower() != "thread":
        return
    if _at(data, "job_config", "timeout_s") is not None:
        todo = "write isolation: subprocess, or leave it out: timeout_s brings it; or delete timeout_s"
        what = "code in a thread cannot be ended after timeout_s"
        yield ("job_config", "isolation"), {"what": what, "expected": "subprocess", "got": isolation, "todo": todo}


RULES: tuple[Callable[[Any], Iterator[Finding]], ...] = (
    modes_agree,
    names_differ,
    outputs_are_not_inputs,
    topics_do_not_loop,
    records_have_a_place,
    parents_are_others,
    parents_can_be_asked,
    parents_make_inputs,
    what_can_be_ended,
)
_MOST_SHOWN = 20
_NEEDS_STREAMING = {"pubsub": True, "file": False, "avro": False, "bq": False}


def _at(data: Any, *path: str) -> Any:
    for key in path:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _io(data: Any, section: str, side: str) -> list[Entry]:
    return _entries(data, "job_config", section, side)


def _dependencies(data: Any) -> list[Entry]:
    return _entries(data, "job_config", "dependencies")


def _entries(data: Any, *path: str) -> list[Entry]:
    entries = _at(data, *path)
    if not isinstance(entries, list):
        return []
    return [((*path, index), entry) for index, entry in enumerate(entries) if isinstance(entry, dict)]


def _events(data: Any) -> list[Entry]:
    return [entry for side in _SIDES for entry in _io(data, "events", side)]


def _kind(entry: dict[Any, Any]) -> str:
    kind = entry.get("type")
    return kind_name(kind) if isinstance(kind, str) else ""


def _target(entry: dict[Any, Any]) -> tuple[str, str] | None:
    location = entry.get("location", entry.get("data_location"))
    if not isinstance(location, str):
        return None
    suffix = entry.get("file_suffix", "")
    return location.removeprefix("file://").rstrip("/"), str(getattr(suffix, "written", suffix))
