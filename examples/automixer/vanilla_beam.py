"""The automixer in plain Beam, without klio: the same mixes, and by hand what klio's decorator and job file give.

Kept for comparison: run.py, transforms.py and klio-job.yaml do all of this in a third of the lines. Events are JSON:
{"element": "a.ogg,b.ogg", "force": false, "ping": false, "to": [], "path": []}.
"""

import argparse
import contextlib
import json
import logging
import shutil
import tempfile
import time
import traceback
from pathlib import Path

import apache_beam as beam
import mixer
from apache_beam.io.filesystems import FileSystems
from apache_beam.metrics import Metrics
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.pvalue import TaggedOutput

JOB = "automixer"
log = logging.getLogger(JOB)


def check_element(element):
    """An element becomes a path, so it must not lead anywhere else."""
    parts = element.split("/")
    bad = not element or len(element.encode()) > 1024 or "://" in element or not element.isprintable()
    if bad or any(part in ("", ".", "..") for part in parts):
        raise ValueError(f"bad element {element!r}")


def count(name):
    Metrics.counter(JOB, name).inc()


class Decide(beam.DoFn):
    """Recipients, ping, output exists, force, input missing: the rules, one message at a time."""

    def __init__(self, tracks, mixes):
        self.tracks, self.mixes = tracks, mixes

    def process(self, raw):
        count("read")
        try:
            event = json.loads(raw)
            element = event["element"]
            if event.get("to") and JOB not in event["to"]:
                count("dropped: not addressed to us")
                return
            event.setdefault("path", []).append({"job": JOB, "at": time.time()})
            if event.get("ping"):
                count("passed on: ping")
                yield TaggedOutput("pass_on", event)
                return
            names = element.split(",")
            for name in [element, *names]:
                check_element(name)
            if not event.get("force") and FileSystems.exists(f"{self.mixes}/{element}.ogg"):
                count("passed on: output exists")
                yield TaggedOutput("pass_on", event)
                return
            if not all(FileSystems.exists(f"{self.tracks}/{name}") for name in names):
                count("dropped: input missing")
                log.warning("dropped %r: input missing", element)
                return
            yield event
        except Exception as error:  # noqa: BLE001  (a bad message must not stop the stream)
            yield TaggedOutput("dead", dead_letter(raw, error))


class Mix(beam.DoFn):
    """Download, mix, upload so that no half-written mix is ever seen, clean up."""

    def __init__(self, tracks, mixes, crossfade_s):
        self.tracks, self.mixes, self.crossfade_s = tracks, mixes, crossfade_s

    def process(self, event):
        directory = Path(tempfile.mkdtemp(prefix=JOB))
        try:
            first, second = (self.download(name, directory) for name in event["element"].split(","))
            out = directory / "mix.ogg"
            started = time.monotonic()
            mixer.mix(first, second, out, crossfade_s=self.crossfade_s)
            Metrics.distribution(JOB, "milliseconds").update(int((time.monotonic() - started) * 1000))
            self.upload(out, event["element"])
            count("processed")
            yield event
        except Exception as error:  # noqa: BLE001  (one bad track must not stop the stream)
            yield TaggedOutput("dead", dead_letter(json.dumps(event).encode(), error))
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    def download(self, name, directory):
        path = directory / Path(name).name
        number = 1
        while path.exists():  # one and the same track twice
            number += 1
            path = directory / f"{number}-{Path(name).name}"
        with FileSystems.open(f"{self.tracks}/{name}") as source, path.open("wb") as target:
            shutil.copyfileobj(source, target)
        return path

    def upload(self, path, element):
        final = f"{self.mixes}/{element}.ogg"
        part = f"{self.mixes}/.{time.time_ns()}.part"
        with contextlib.suppress(OSError):  # it is there
            FileSystems.mkdirs(self.mixes)
        with path.open("rb") as source, FileSystems.create(part) as target:
            shutil.copyfileobj(source, target)
        if FileSystems.exists(final):
            FileSystems.delete([final])
        FileSystems.rename([part], [final])


def dead_letter(raw, error):
    count("dead letters")
    log.error("dead letter: %s: %s", type(error).__name__, error)
    trace = "".join(traceback.format_exception(error))
    return {"message": raw.decode(errors="replace"), "error": str(error), "trace": trace, "job": JOB, "at": time.time()}


def build(events, tracks, mixes, crossfade_s=8.0):
    """The graph: bytes in; bytes for the output topic and for the dead letters out."""
    decided = events | beam.ParDo(Decide(tracks, mixes)).with_outputs("pass_on", "dead", main="work")
    mixed = decided.work | beam.ParDo(Mix(tracks, mixes, crossfade_s)).with_outputs("dead", main="done")
    done = (mixed.done, decided.pass_on) | "Together" >> beam.Flatten()
    dead = (mixed.dead, decided.dead) | "All dead" >> beam.Flatten()
    return done | "Encode" >> beam.Map(encoded), dead | "Encode dead" >> beam.Map(encoded)


def encoded(event):
    return json.dumps(event).encode()


def main():
    parser = argparse.ArgumentParser()
    for name in ("subscription", "output_topic", "dead_letter_topic", "tracks", "mixes"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--crossfade_s", type=float, default=8.0)
    known, rest = parser.parse_known_args()
    with beam.Pipeline(options=PipelineOptions(rest, streaming=True)) as pipeline:
        events = pipeline | beam.io.ReadFromPubSub(subscription=known.subscription)
        done, dead = build(events, known.tracks, known.mixes, known.crossfade_s)
        done | beam.io.WriteToPubSub(known.output_topic)
        dead | "Dead letters" >> beam.io.WriteToPubSub(known.dead_letter_topic)


if __name__ == "__main__":
    main()
