"""A deliberately bad job for each check of a job's text: it is found, at its line, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from klio_cli.audit.checks import ALL
from klio_core.finding import Finding, Grade
from tests.unit.klio_cli.audit.jobs import dofn, found_in, told

ON_DATAFLOW = "job_name: j\npipeline_options: {runner: DataflowRunner}\njob_config: {}\n"
OGG_OUT = "job_name: j\njob_config: {data: {outputs: [{type: file, location: o, file_suffix: .ogg}]}}\n"
PYPLOT = "from matplotlib import pyplot as plt\n"
SOUNDFILE = "import soundfile as sf\n"

BAD: dict[str, dict[str, tuple[dict[str, str], str]]] = {
    "unreadable": {
        "a syntax error": ({"run.py": "def run(a, b):\n  ret urn a\n"}, "run.py:2"),
        "bytes that are no text": ({"run.py": "a = '\0'\n"}, "run.py"),
        "in a package": ({"parts/__init__.py": "", "parts/mix.py": "if:\n"}, "parts/mix.py:1"),
    },
    "requirement-not-pinned": {
        "no version": ({"job-requirements.txt": "# mine\nnumpy\n"}, "job-requirements.txt:2"),
        "a lower bound": ({"job-requirements.txt": "soxr>=1\n"}, "job-requirements.txt:1"),
        "any patch": ({"job-requirements.txt": "soxr==1.*\n"}, "job-requirements.txt:1"),
    },
    "requirements-clash": {
        "twice": ({"job-requirements.txt": "Sound_File==0.13\nsound-file==0.14\n"}, "job-requirements.txt:2"),
        "what another one does not take": (
            {"job-requirements.txt": "apache-beam==2.70.0\nklio[exec]==26.11.0\n"},
            "job-requirements.txt:1",
        ),
    },
    "returns-none": {
        "None for nothing": (
            {"t.py": dofn("if data.element == b'x':\n    return None\nreturn data")},
            "t.py:7",
        ),
        "a bare return": ({"t.py": dofn("if data.element == b'x':\n    return\nself.work(data)")}, "t.py:7"),
        "None at the end, where something else was returned": (
            {"t.py": dofn("if data.element:\n    return data\nreturn None")},
            "t.py:8",
        ),
        "a value of a generator": ({"t.py": dofn("if not data.element:\n    yield data\nreturn data")}, "t.py:8"),
        "under klio's other name": (
            {"t.py": dofn("if data:\n    return\nreturn 1").replace("handle_klio", "_handle_klio")},
            "t.py:7",
        ),
        "a function": (
            {
                "t.py": "from klio.transforms.decorators import handle_klio\n@handle_klio\ndef work(ctx, data):\n"
                "    if data.element: return\n    return data\n"
            },
            "t.py:4",
        ),
    },
    "model-in-process": {
        "in process": ({"t.py": dofn("model = torch.load('m.pt')\nyield model(data)", "import torch\n")}, "t.py:7"),
        "by a method that process calls": (
            {
                "t.py": dofn(
                    "yield self.loaded()(data)\n\n\ndef loaded(self):\n    return whisper.load_model('base')",
                    "import whisper\n",
                ).replace("        def", "    def")
            },
            "t.py:11",
        ),
        "in another module": (
            {
                "t.py": dofn("yield models.loaded()(data)", "import models\n"),
                "models.py": "from transformers import AutoModel as Model\n"
                "def loaded():\n    return Model.from_pretrained('x')\n",
            },
            "models.py:3",
        ),
        "by a function for beam.Map": (
            {
                "run.py": "import apache_beam as beam, joblib\ndef work(x):\n    return joblib.load('m')(x)\n"
                "def run(p, c):\n    return p | beam.Map(work)\n"
            },
            "run.py:3",
        ),
        "by a property": (
            {
                "t.py": dofn("yield self.model(data)", "import torch\n")
                + "    @property\n    def model(self):\n        return torch.load('m.pt')\n"
            },
            "t.py:10",
        ),
        "where a name that ends with the call was missing": (
            {
                "t.py": dofn(
                    "model = None\nif model is None:\n    model = torch.load('m.pt')\nyield data", "import torch\n"
                )
            },
            "t.py:9",
        ),
        "under a condition that comes again": (
            {"t.py": dofn("if data.element:\n    model = torch.load('m.pt')\nyield data", "import torch\n")},
            "t.py:8",
        ),
    },
    "ogg-in-one-call": {
        "by its name": (
            {"t.py": dofn("sf.write(f'{x}.ogg', samples, 44100)\nyield data", SOUNDFILE)},
            "t.py:7",
        ),
        "by its format": (
            {"t.py": dofn("sf.write(path, samples, 44100, format='OGG')\nyield data", SOUNDFILE)},
            "t.py:7",
        ),
        "by its subtype, in a loop": (
            {"t.py": dofn("for stem in stems:\n    sf.write(stem, x, 44100, 'VORBIS')\nyield data", SOUNDFILE)},
            "t.py:8",
        ),
        "by a file that is open": (
            {
                "t.py": dofn(
                    "with sf.SoundFile(p, 'w', 44100, 2, format='OGG') as f:\n    f.write(x)\nyield data", SOUNDFILE
                )
            },
            "t.py:8",
        ),
        "by what the job's output is called": (
            {
                "t.py": dofn(
                    "with self._klio.upload(name) as out:\n    sf.write(out, x, 44100)\nyield data", SOUNDFILE
                ),
                "klio-job.yaml": OGG_OUT,
            },
            "t.py:8",
        ),
    },
    "figure-not-closed": {
        "a figure": (
            {"t.py": dofn("figure = plt.figure()\nfigure.savefig(path)\nyield data", PYPLOT)},
            "t.py:7",
        ),
        "of a helper": (
            {
                "t.py": dofn("draw(data)\nyield data", PYPLOT)
                + "def draw(data):\n    plt.plot(data)\n    plt.savefig('x')\n"
            },
            "t.py:10",
        ),
        "that librosa makes": (
            {"t.py": dofn("librosa.display.waveshow(y)\nyield data", "import librosa.display\n")},
            "t.py:7",
        ),
    },
    "element-in-path": {
        "joined": (
            {"t.py": dofn("p = os.path.join('/tmp', data.element.decode())\nyield data", "import os\n")},
            "t.py:7",
        ),
        "by way of names": (
            {
                "t.py": dofn(
                    "name = data.element.decode()\nfile = f'{name}.wav'\np = os.path.join('a', file)\nyield data",
                    "import os\n",
                )
            },
            "t.py:9",
        ),
        "with a slash": (
            {
                "t.py": dofn(
                    "first, second = data.element.decode().split(',')\np = Path('in') / second\nyield data",
                    "from pathlib import Path\n",
                )
            },
            "t.py:8",
        ),
        "in a loop": (
            {"t.py": dofn("for one in data.element.decode().split(','):\n    p = self.root.joinpath(one)\nyield data")},
            "t.py:7",
        ),
        "by a helper": (
            {
                "t.py": dofn("yield place(data.element)", "import os\n")
                + "def place(element):\n    return os.path.join('/tmp', str(element))\n"
            },
            "t.py:9",
        ),
    },
    "print-in-process": {
        "in process": ({"t.py": dofn("print(data.element)\nyield data")}, "t.py:6"),
        "in a helper of another module": (
            {"t.py": dofn("yield work(data)", "from parts import work\n"), "parts.py": "def work(x):\n    print(x)\n"},
            "parts.py:2",
        ),
        "in a base class": (
            {
                "t.py": dofn("yield data")
                .replace("beam.DoFn", "parts.Base")
                .replace("decorators\n", "decorators\nimport parts\n"),
                "parts.py": "from apache_beam import DoFn\nclass Base(DoFn):\n    def process(self, x):\n"
                "        print(x)\n",
            },
            "parts.py:4",
        ),
    },
    "blas-threads": {
        "on Dataflow": ({"t.py": "import os\nimport numpy as np\n", "klio-job.yaml": ON_DATAFLOW}, "t.py:2"),
        "on Kubernetes": (
            {
                "t.py": "from scipy import signal\n",
                "klio-job.yaml": ON_DATAFLOW.replace("Dataflow", "DirectGKE"),
                "kubernetes/deployment.yaml": "env: []\n",
            },
            "t.py:1",
        ),
    },
    "cold-image": {
        "compiled": ({"t.py": "import librosa\n", "Dockerfile": "FROM x\nRUN pip install librosa\n"}, "t.py:1"),
        "downloaded": (
            {"t.py": "def f():\n    import whisper\n", "Dockerfile": "FROM x\nRUN python -m pip install whisper\n"},
            "t.py:2",
        ),
    },
}
EACH = [(name, files, place) for name, jobs in BAD.items() for files, place in jobs.values()]


@pytest.mark.parametrize(("name", "files", "place"), EACH, ids=[f"{n} {i}" for n, jobs in BAD.items() for i in jobs])
def test_what_is_bad_is_found_where_it_is_and_nothing_else_is(
    name: str, files: dict[str, str], place: str, tmp_path: Path
) -> None:
    assert told(found_in(tmp_path, files)) == [f"{place} {name}"]


def test_every_check_has_a_bad_job_and_says_why_it_matters_and_what_to_do() -> None:
    assert list(BAD) == [one.CHECK.name for one in ALL]
    assert [one.CHECK.name for one in ALL if not (one.CHECK.looks_for and one.CHECK.why and one.CHECK.mend)] == []


def test_a_finding_says_what_why_and_what_to_do(tmp_path: Path) -> None:
    (found,) = found_in(tmp_path, {"t.py": dofn("print(data.element)\nyield data")})

    assert found == Finding(
        Grade.WARNING,
        "Work.process() prints",
        "self._klio.logger.info(…) in a DoFn, logging.getLogger(…).info(…) elsewhere",
        why="it has no level, no time and no job, so it can be neither found nor turned off among a million elements",
        file="t.py",
        line=6,
        check="print-in-process",
    )
