"""Every public name of klio 22.3 is there and called as it was, or on the page that says what to use in its place."""

from __future__ import annotations

import inspect
import re
from pkgutil import resolve_name
from typing import Any

import pytest

from tests.shape.source import ROOT

Call = tuple[tuple[Any, ...], dict[str, Any]]


def call(*args: Any, **kwargs: Any) -> Call:
    """The arguments of a call as a job may have written it."""
    return args, kwargs


EMPTY = call()
ON_A_FUNCTION = call(len)
HANDLED = call(max_thread_count=2, thread_limiter=None, anything=1)
TIMED = call(5, exception=ValueError, exception_message="late")
RETRIED = call(tries=2, delay=0.1, exception=ValueError, raise_exception=OSError, exception_message="enough")
TEXT_IN = call(file_pattern="in*", min_bundle_size=0, compression_type="auto", strip_trailing_newlines=True,
               coder=None, validate=True, skip_header_lines=1)  # fmt: skip
TEXT_OUT = call("out", file_name_suffix=".txt", append_trailing_newlines=True, num_shards=1, shard_name_template="",
                coder=None, compression_type="auto", header=None, footer=None)  # fmt: skip
AVRO_IN = call(file_pattern="*.avro", location="in", min_bundle_size=0, validate=True)
AVRO_OUT = call(file_path_prefix="p", location="out", schema={}, codec="deflate", file_name_suffix="", num_shards=0,
                shard_name_template=None, mime_type="application/x-avro")  # fmt: skip
BQ_IN = call(table="t", dataset="d", project="p", query=None, validate=True, coder=None, use_standard_sql=False,
             flatten_results=True, kms_key=None, klio_message_columns=["id"])  # fmt: skip
BQ_OUT = call(table="t", dataset="d", project="p", schema={}, create_disposition="CREATE_IF_NEEDED",
              write_disposition="WRITE_EMPTY")  # fmt: skip
PUBSUB_IN = call(topic="t", subscription=None, id_label=None, with_attributes=False, timestamp_attribute=None)
PUBSUB_OUT = call("t", with_attributes=False, id_label=None, timestamp_attribute=None)
METRIC = call("name", value=0, transform="T", tags={"a": "b"})
CONFIG = call(None, {}, raw_overrides=[], raw_templates=[], config_skip_preprocessing=True)
A_VALUE = None

# Where a name is, and how a job calls it.
NAMES: dict[str, dict[str, Call | None]] = {
    "klio.transforms.decorators": {
        name: how
        for bare, how in {
            "handle_klio": HANDLED,
            "inject_klio_context": ON_A_FUNCTION,
            "retry": RETRIED,
            "serialize_klio_message": ON_A_FUNCTION,
            "set_klio_context": ON_A_FUNCTION,
            "timeout": TIMED,
        }.items()
        for name in (bare, f"_{bare}")
    }
    | {"profile": ON_A_FUNCTION},
    "klio.transforms.helpers": {
        "KlioMessageCounter": call(suffix="read", bind_transform="T"),
        "KlioDebugMessage": call(prefix="DEBUG: ", log_level="INFO"),
        "KlioTriggerUpstream": call(upstream_job_name="j", upstream_topic="t", log_level="INFO"),
        **dict.fromkeys(
            ("KlioGcsCheckInputExists", "KlioGcsCheckOutputExists", "KlioFilterPing", "KlioFilterForce", "KlioDrop",
             "KlioWriteToEventOutput", "KlioCheckRecipients", "_KlioV1CheckRecipients", "_KlioTagMessageVersion",
             "KlioUpdateAuditLog", "KlioSetTrace", "KlioAckInputMessage"), EMPTY
        ),
    },
    "klio.transforms": {
        "KlioReadFromAvro": AVRO_IN,
        "KlioReadFromBigQuery": BQ_IN,
        "KlioReadFromPubSub": PUBSUB_IN,
        "KlioReadFromText": TEXT_IN,
        "KlioWriteToAvro": AVRO_OUT,
        "KlioWriteToBigQuery": BQ_OUT,
        "KlioWriteToPubSub": PUBSUB_OUT,
        "KlioWriteToText": TEXT_OUT,
    },
    "klio.transforms.io": {
        "BaseKlioIOException": call("told"),
        "KlioMissingConfiguration": call("told"),
        "KlioReadFromText": TEXT_IN,
        "KlioWriteToBigQuery": BQ_OUT,
    },
    "klio.transforms.core": {"KlioContext": EMPTY, "RunConfig.get": EMPTY, "RunConfig.set": call({})},
    "klio.transforms._retry": {"KlioRetriesExhausted": call("told")},
    "klio.transforms._timeout": {"KlioTimeoutError": call("told")},
    "klio.message.serializer": {
        "to_klio_message": call(b"", kconfig=None, logger=None),
        "from_klio_message": call(None, payload=b""),
    },
    "klio.message.exceptions": {"KlioMessageException": call("told"), "KlioMessagePayloadException": call("told")},
    "klio.metrics.client": {
        "MetricsRegistry.counter": call(None, *METRIC[0], **METRIC[1]),
        "MetricsRegistry.gauge": call(None, *METRIC[0], **METRIC[1]),
        "MetricsRegistry.timer": call(None, *METRIC[0], timer_unit="ms", **METRIC[1]),
    },
    "klio.metrics.dispatcher": {
        "CounterDispatcher.inc": call(None, value=2),
        "GaugeDispatcher.set": call(None, 2),
        "TimerDispatcher.start": call(None),
        "TimerDispatcher.stop": call(None),
    },
    "klio.metrics.base": {
        "AbstractRelayClient": call({}),
        "BaseMetric": METRIC,
        "abstract_attr": call(obj=None),
    },
    "klio.metrics.logger": {"MetricsLoggerClient": call({}), "MetricsLoggerClient.counter": call(None, "n", 1)},
    "klio.metrics.native": {"NativeMetricsClient": call({}), "NativeMetricsClient.timer": call(None, "n", 1)},
    "klio.metrics.shumway": {"ShumwayMetricsClient": call({}), "ShumwayMetricsClient.gauge": call(None, "n", 1)},
    "klio.utils": {
        "ThreadLimit.NONE": A_VALUE,
        "ThreadLimit.DEFAULT": A_VALUE,
        "ThreadLimiter": call(max_thread_count=2, name="n"),
        "ThreadLimiter.acquire": call(None),
        "ThreadLimiter.release": call(None),
    },
    "klio_audio.decorators": {
        "handle_binary": call(skip_load=False, skip_dump=False, load_with_numpy=True, save_with_numpy=True, anything=1),
    },
    "klio_audio.transforms.audio": {
        "LoadAudio": call(sr=22050, mono=True, offset=1.0, duration=5, dtype="float32", res_type="soxr_hq"),
        "GetSTFT": call(n_fft=2048, hop_length=512),
        "GetSpec": call(top_db=80.0),
        "GetMelSpec": call(n_mels=128, fmax=8000),
        "GetMFCC": call(n_mfcc=20),
        **dict.fromkeys(("SpecToPlot", "MelSpecToPlot", "MFCCToPlot"), call(title="of {element}", y_axis="log")),
        "WaveformToPlot": call(num_samples=5000, title="of {element}", color="b"),
    },
    "klio_audio.transforms.io": {
        "GcsLoadBinary": EMPTY,
        "GcsUploadPlot": call(prefix="a", suffix="b", file_format="png", dpi=50),
    },
    "klio_core.config": {
        "KlioConfig.__init__": CONFIG,
        "KlioConfig.as_dict": call(None),
        "KlioConfig.write_to_file": call(None, "path"),
        "KlioJobConfig": A_VALUE,
        "KlioPipelineConfig": A_VALUE,
        "KlioConfigPreprocessor.add_plugin_preprocessor": call(len),
        "KlioConfigPreprocessor.process": call(raw_config_data={}, raw_template_list=[], raw_override_list=[]),
    },
    "klio_core.proto.klio_pb2": dict.fromkeys(("KlioMessage", "KlioJob", "KlioJobAuditLogItem", "Version", "V1", "V2")),
    "klio_core.proto.v1beta1.klio_pb2": dict.fromkeys(("KlioMessage", "KlioJob", "Version")),
    "klio_core.exceptions": {"KlioConfigTemplatingException": call("key")},
    "klio_exec.commands.audit_steps.base": {
        "BaseKlioAuditStep": call("dir", None, None),
        "BaseKlioAuditStep.get_description": EMPTY,
        "BaseKlioAuditStep.emit_warning": call(None, "told", tb=None, bold=True),
        "BaseKlioAuditStep.emit_error": call(None, "told", tb=None, bold=True),
    },
    "klio_core.variables": dict.fromkeys(
        ("DATAFLOW_REGIONS", "KlioRunner.DIRECT_RUNNER", "KlioRunner.DATAFLOW_RUNNER", "KlioRunner.DIRECT_GKE_RUNNER")
    ),
    "klio_core.utils": {
        "set_global": call("n", 1),
        "get_global": call("n"),
        "delete_global": call("n"),
        "get_or_initialize_global": call("n", initializer=dict),
        "get_publisher": call("topic"),
        "get_config_by_path": call("path", parse_yaml=True),
        "get_config_job_dir": call("dir", "file"),
        "KlioConfigMeta": call(job_dir="d", config_path="p", config_file=None),
    },
}  # fmt: skip
EACH = [(module, name) for module, names in NAMES.items() for name in names]
PAGE = ROOT / "docs" / "how-to" / "from-klio.md"


@pytest.mark.parametrize(("module", "name"), EACH, ids=map(".".join, EACH))
def test_a_name_is_where_klio_had_it_and_takes_what_klio_took(module: str, name: str) -> None:
    thing = resolve_name(f"{module}:{name}")
    how = NAMES[module][name]
    if how is not None:
        inspect.signature(thing).bind(*how[0], **how[1])


def left_out() -> list[str]:
    """The names in the first column of the page's table of what is not there."""
    table = PAGE.read_text().partition("## Names that are not here")[2]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return [name for row in rows for name in re.findall(r"`([\w.]+)`", row)]


def test_what_the_page_says_is_not_here_is_not_here() -> None:
    assert len(left_out()) > 5
    assert [name for name in left_out() if is_there(name)] == []


def is_there(dotted: str) -> bool:
    try:
        resolve_name(dotted)
    except (ImportError, AttributeError):
        return False
    return True
