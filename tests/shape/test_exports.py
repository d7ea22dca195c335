"""What others may count on: names that stay, what each of them says of itself, and doors that are only doors."""

from __future__ import annotations

import ast
import importlib
import inspect
import re

import pytest

from klio_core import errors
from tests.shape.source import PACKAGES, ROOT, functions, modules, public

# Public paths: jobs, and programs around them, import these.
NAMES = {
    "klio": "KlioContext use_job",
    "klio.context": "KlioContext use_job",
    "klio.audio": "Plot Signal Sound Spectrum decibels decode draw load mel mel_decibels mel_spectrogram mfcc mfccs"
    " save spectrogram stft waveform",
    "klio.audio.payload": "decode encode",
    "klio.audio.transforms": "GcsLoadBinary GcsUploadPlot GetMFCC GetMelSpec GetSTFT GetSpec LoadAudio MFCCToPlot"
    " MelSpecToPlot SpecToPlot WaveformToPlot handle_binary",
    "klio_audio.decorators": "handle_binary",
    "klio_audio.transforms.audio": "GetMFCC GetMelSpec GetSTFT GetSpec LoadAudio MFCCToPlot MelSpecToPlot SpecToPlot"
    " WaveformToPlot",
    "klio_audio.transforms.io": "GcsLoadBinary GcsUploadPlot",
    "klio.testing": "FaultyStore JobOnCloud LocalCloud Result local_cloud run_one",
    "klio.transforms.decorators": "handle_klio inject_klio_context profile retry serialize_klio_message"
    " set_klio_context timeout",
    "klio.transforms.helpers": "KlioAckInputMessage KlioCheckRecipients KlioDebugMessage KlioDrop KlioFilterForce"
    " KlioFilterPing KlioGcsCheckInputExists KlioGcsCheckOutputExists KlioMessageCounter KlioSetTrace"
    " KlioTriggerUpstream KlioUpdateAuditLog KlioWriteToEventOutput _KlioTagMessageVersion _KlioV1CheckRecipients",
    "klio.transforms.core": "KlioContext RunConfig",
    "klio.transforms._retry": "KlioRetriesExhausted",
    "klio.transforms._timeout": "KlioTimeoutError",
    "klio.message.exceptions": "KlioMessageException KlioMessagePayloadException",
    "klio.message.serializer": "from_klio_message to_klio_message",
    "klio.utils": "ThreadLimit ThreadLimiter",
    "klio.transforms.io": (
        "KlioReadFromAvro KlioReadFromBigQuery KlioReadFromPubSub KlioReadFromText KlioWriteToAvro KlioWriteToBigQuery "
        "KlioWriteToPubSub KlioWriteToText BaseKlioIOException KlioMissingConfiguration"
    ),
    "klio.transforms": "KlioReadFromAvro KlioWriteToAvro KlioReadFromText KlioWriteToText",
    "klio.metrics": "Counter Gauge MetricsRegistry Timer",
    "klio.metrics.base": "AbstractRelayClient BaseMetric abstract_attr",
    "klio.metrics.client": "MetricsRegistry",
    "klio.metrics.dispatcher": "CounterDispatcher GaugeDispatcher TimerDispatcher",
    "klio.metrics.logger": "MetricsLoggerClient",
    "klio.metrics.native": "NativeMetricsClient",
    "klio.metrics.relays": "register",
    "klio.metrics.shumway": "ShumwayMetricsClient",
    "klio_core.config": "KlioConfig KlioJobConfig KlioPipelineConfig InvalidConfig load parse build dump schema_json",
    "klio_core.decision": "Action Facts Found Look Verdict decide",
    "klio_core.dead_letter": "DeadLetter Failure",
    "klio_core.errors": "KlioError ConfigError MessageError JobCodeError EngineError CloudError DataError DataNotFound",
    "klio_core.invocation": "Flag FLAGS Invocation",
    "klio_core.message": "ANYONE Format JobRef Limited Message Visit",
    "klio_core.proto.klio_pb2": "KlioMessage KlioJob KlioJobAuditLogItem Version V1 V2",
    "klio_core.proto.v1beta1.klio_pb2": "KlioMessage KlioJob KlioJobAuditLogItem Version V1 V2",
    "klio_core.exceptions": "KlioConfigTemplatingException",
    "klio_core.utils": "KlioConfigMeta delete_global get_config_by_path get_config_job_dir get_global"
    " get_or_initialize_global get_publisher set_global",
    "klio_core.variables": "DATAFLOW_REGIONS KlioRunner",
    "klio_core.status": "State Status",
    "klio_cli.app": "main",
    "klio_exec.cli": "main",
}
DOOR_LINES = 40
ERRORS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.KlioError)]


@pytest.mark.parametrize("module", NAMES)
def test_public_names_are_where_jobs_import_them_from(module: str) -> None:
    there = importlib.import_module(module)

    assert [name for name in NAMES[module].split() if not hasattr(there, name)] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_says_what_it_is(package: str) -> None:
    # The errors stand in the tree that their module's docstring draws; the test below holds it. A command's
    # docstring is its help.
    faults = [
        f"{module.at(node)} {name} has no docstring"
        for module in modules(package)
        if module.name != errors.__name__
        for name, node in public(module)
        if not ast.get_docstring(node)
    ]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_every_error_stands_in_the_tree_under_its_parent_with_its_exit_status_and_a_sentence(
    kind: type[errors.KlioError],
) -> None:
    tree = (errors.__doc__ or "").splitlines()
    number = _line(tree, kind.__name__)
    line = tree[number]
    above = [kind, *kind.__mro__[1:-3]]
    at = [_depth(tree, parent.__name__) for parent in above]

    assert at == sorted(at, reverse=True), f"{kind.__name__} is not drawn under its parent"
    said = re.search(r"exit (\d)", "\n".join(line for line in reversed(tree[: number + 1])))
    assert said is not None
    assert int(said[1]) == kind.exit_code
    assert len(line.split("  ")[-1].split()) >= 3


def _depth(tree: list[str], name: str) -> int:
    return tree[_line(tree, name)].index(name)


def _line(tree: list[str], name: str) -> int:
    found = [number for number, line in enumerate(tree) if re.search(rf"\b{name}\b  ", line)]
    assert found, f"{name} does not stand in the tree of {errors.__name__}"
    return found[0]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_function_says_the_types_of_what_it_takes_and_returns(package: str) -> None:
    faults = [
        f"{module.at(node)} {node.name} lacks a type for {', '.join(missing)}"
        for module in modules(package)
        for node in functions(module)
        if (missing := _untyped(node))
    ]
    assert not faults, "\n".join(faults)


def _untyped(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    spec = node.args
    arguments = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs, spec.vararg, spec.kwarg]
    bare = [one.arg for one in arguments if one is not None and one.annotation is None]
    missing = [name for number, name in enumerate(bare) if number > 0 or name not in ("self", "cls")]
    return missing + ([] if node.returns else ["what it returns"])


def test_doors_are_only_doors() -> None:
    faults = [
        f"{module.path} has {len(module.lines)} lines: a package's __init__ names what others use, up to {DOOR_LINES}"
        for module in modules(*PACKAGES)
        if module.path.name == "__init__.py" and "__all__" in module.text and len(module.lines) > DOOR_LINES
    ]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("package", PACKAGES)
def test_what_a_door_names_is_there(package: str) -> None:
    doors = [importlib.import_module(m.name) for m in modules(package) if "__all__" in m.text]

    assert [f"{door.__name__}.{name}" for door in doors for name in door.__all__ if not hasattr(door, name)] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_tell_type_checkers_that_they_are_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").exists()


@pytest.mark.parametrize("name", NAMES["klio.transforms.decorators"].split())
def test_a_decorator_says_what_it_gives(name: str) -> None:
    decorator = getattr(importlib.import_module("klio.transforms.decorators"), name)

    assert len((inspect.getdoc(decorator) or "").split()) > 8
