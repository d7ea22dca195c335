"""Jobs that are nearly bad, and are not: nothing is found in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from klio_cli.audit.switches import unknown
from tests.unit.klio_cli.audit.jobs import dofn, found_in, told
from tests.unit.klio_cli.audit.test_bad_jobs import ON_DATAFLOW, PYPLOT, SOUNDFILE

LAZY = """
if self.model is None:
    self.model = torch.load('m.pt')
yield self.model(data)
"""
LAZY_OTHERWISE = """
yield self.loaded()(data)

def loaded(self):
    if self.model is not None:
        return self.model
    self.model = torch.load('m.pt')
    return self.model
"""

GOOD: dict[str, dict[str, str]] = {
    "a test may do anything": {
        "test_t.py": dofn("print(1)\nreturn None"),
        "tests/t.py": "if:",
        ".venv/lib/t.py": "if:",
    },
    "what is said of a version elsewhere": {
        "job-requirements.txt": "numpy==2.4.6 \\\n  --hash=sha256:1\n-r more.txt\n./own.whl\ngit+https://x.org/y\n"
        "a @ https://x.org/a.whl\n# soxr\n\nnumpy==2.4.6  # again\nb == 1.0 ; python_version > '3'\n"
    },
    "a generator that ends": {"t.py": dofn("if not data.element:\n    return\nyield data")},
    "a sink that returns nothing at all": {"t.py": dofn("self.count += 1\nreturn None")},
    "None of a function in it": {"t.py": dofn("def key(x):\n    return None\nyield max(data, key=key)")},
    "None of a function that no message comes to": {
        "t.py": "def find(x):\n    if x:\n        return None\n    return x\n"
    },
    "None of a DoFn of plain Beam, which means nothing": {
        "t.py": dofn("if data:\n    return None\nreturn [data]").replace("    @decorators.handle_klio\n", "")
    },
    "a model in setup": {
        "t.py": dofn("yield self.model(data)", "import torch\n")
        + "    def setup(self):\n        self.model = torch.load('m')\n"
    },
    "a model that is loaded once": {"t.py": dofn(LAZY, "import torch\n")},
    "a model that is loaded once, the other way round": {
        "t.py": dofn(LAZY_OTHERWISE, "import torch\n").replace("        def", "    def")
    },
    "a model that is kept in a cache": {
        "t.py": dofn("yield loaded()(data)", "import functools, torch\n")
        + "@functools.cache\ndef loaded():\n    return torch.load('m')\n"
    },
    "a model of a thread": {
        "t.py": dofn(
            "m = getattr(self.local, 'm', None)\nif not m:\n    m = self.local.m = torch.load('m')\nyield m",
            "import torch\n",
        )
    },
    "a model that is global": {
        "t.py": dofn("global m\nif m is None:\n    m = torch.load('m')\nyield m", "import torch\n")
    },
    "a model that was not there when it was asked for": {
        "t.py": dofn(
            "try:\n    m = self.m\nexcept AttributeError:\n    m = self.m = torch.load('m')\n"
            "if (n := MODELS.get('n')) is None:\n    n = MODELS['n'] = torch.load('n')\nyield m",
            "import torch\n",
        )
    },
    "a property that makes its model once": {
        "t.py": dofn("yield self.model(data)", "import torch\n") + "    @property\n    def model(self):\n"
        "        if not hasattr(self, '_m'):\n            self._m = torch.load('m')\n        return self._m\n"
    },
    "a model in a dictionary of models": {
        "t.py": dofn("if 'a' not in MODELS:\n    MODELS['a'] = torch.load('m')\nyield data", "import torch\n")
    },
    "what is loaded for the element itself": {
        "t.py": dofn(
            "path = self._klio.download(data.element)\nyield torch.load(path)\nyield load(path)", "import torch\n"
        )
        + "def load(path):\n    return torch.load(path)\n"
    },
    "something else that is called load": {
        "t.py": dofn("yield json.loads(data.payload)\nyield self.load()", "import json\n")
    },
    "a model of a script": {"train.py": "import torch\nmodel = torch.load('m')\nprint(model)\n"},
    "OGG in a loop": {
        "t.py": dofn(
            "with sf.SoundFile(p, 'w', 44100, 2, format='OGG') as f:\n    for block in x:\n        f.write(block)\n"
            "yield data",
            SOUNDFILE,
        )
    },
    "another format": {
        "t.py": dofn(
            "sf.write(path, x, 44100)\nsf.write('a.wav', x, 44100)\nsf.write('a.ogg', x, 44100, format='FLAC')\n"
            "with open('x.ogg', 'wb') as f:\n    f.write(x)\nsf.read('a.ogg')\nyield data",
            SOUNDFILE,
        )
    },
    "a figure that is closed": {
        "t.py": dofn("figure, axes = plt.subplots()\nfigure.savefig(path)\nplt.close(figure)\nyield data", PYPLOT)
    },
    "a figure that the caller closes": {
        "t.py": dofn("figure = draw(data)\nplt.close(figure)\nyield data", PYPLOT)
        + "def draw(x):\n    return plt.figure()\n"
    },
    "a figure that a helper closes": {
        "t.py": dofn("save(plt.figure())\nyield data", PYPLOT) + "def save(f):\n    plt.close(f)\n"
    },
    "one figure for all": {"t.py": dofn("figure = plt.figure(1, clear=True)\nyield data", PYPLOT)},
    "a figure that nobody keeps": {
        "t.py": dofn("axes = Figure().subplots()\naxes.plot(x)\nyield data", "from matplotlib.figure import Figure\n")
    },
    "librosa draws on what it is given": {
        "t.py": dofn("librosa.display.specshow(s, ax=axes)\nyield data", "import librosa.display\n")
    },
    "a figure of a script": {"look.py": "from matplotlib import pyplot as plt\nplt.plot([1])\nplt.show()\n"},
    "the last part of a path": {
        "t.py": dofn(
            "name = data.element.decode()\np = os.path.join('a', os.path.basename(name))\nq = 'a' / Path(name).name\n"
            "r = Path('a') / hashlib.sha256(data.element).hexdigest()\nyield data",
            "import os\nimport hashlib\nfrom pathlib import Path\n",
        )
    },
    "a path of nothing but our own": {
        "t.py": dofn(
            "p = os.path.join(self.root, 'model.pt')\nq = self._klio.download(data.element) / 'x'\nyield data",
            "import os\n",
        )
    },
    "numbers are divided": {"t.py": dofn("yield 1 / float(data.element)\nyield 1 / len(data.element)")},
    "an element that comes first": {
        "t.py": dofn("p = Path(data.element.decode())\nyield data", "from pathlib import Path\n")
    },
    "print() where no element comes by": {
        "t.py": dofn("yield data") + "def main():\n    print(1)\nif __name__ == '__main__':\n    main()\n"
    },
    "print() the first time only": {"t.py": dofn("if self.said is None:\n    self.said = print('begin')\nyield data")},
    "threads on this machine": {"t.py": "import numpy\n"},
    "threads that are limited": {
        "t.py": "import numpy\n",
        "klio-job.yaml": ON_DATAFLOW,
        "Dockerfile": "FROM x\nENV A=b OMP_NUM_THREADS=1\n",
    },
    "threads that the code limits": {"t.py": "import torch\ntorch.set_num_threads(1)\n", "klio-job.yaml": ON_DATAFLOW},
    "threads that the environment limits": {
        "t.py": "import os\nos.environ['MKL_NUM_THREADS'] = '1'\nimport scipy\n",
        "klio-job.yaml": ON_DATAFLOW,
    },
    "threads that Kubernetes limits": {
        "t.py": "import numpy\n",
        "klio-job.yaml": ON_DATAFLOW.replace("Dataflow", "DirectGKE"),
        "kubernetes/deployment.yaml": "env:\n- {name: OMP_NUM_THREADS, value: '1'}\n",
    },
    "a warm image": {
        "t.py": "import librosa\n",
        "Dockerfile": "FROM x\nRUN pip install a && \\\n  python3.11 warm.py\n",
    },
    "an image with its models": {"t.py": "import whisper\n", "Dockerfile": "FROM x\nCOPY models/ /models\n"},
    "nothing to warm": {"t.py": "import soundfile\n", "Dockerfile": "FROM x\n"},
}


@pytest.mark.parametrize("files", GOOD.values(), ids=GOOD.keys())
def test_what_is_not_bad_is_not_found(files: dict[str, str], tmp_path: Path) -> None:
    assert told(found_in(tmp_path, files)) == []


SWITCHED_OFF = {
    "on the line": dofn("print(1)  # klio: audit-off print-in-process a tool reads it\nyield data"),
    "on the line before": dofn("# klio: audit-off print-in-process - a tool reads it\nprint(1)\nyield data"),
}
STILL_TOLD = {
    "without a reason": (dofn("print(1)  # klio: audit-off print-in-process\nyield data"), "t.py:6"),
    "another check": (dofn("print(1)  # klio: audit-off cold-image not here\nyield data"), "t.py:6"),
    "the line before is code": (
        dofn("x = 1  # klio: audit-off print-in-process not this\nprint(1)\nyield data"),
        "t.py:7",
    ),
}


@pytest.mark.parametrize("text", SWITCHED_OFF.values(), ids=SWITCHED_OFF.keys())
def test_a_comment_with_a_reason_turns_one_finding_off(text: str, tmp_path: Path) -> None:
    assert told(found_in(tmp_path, {"t.py": text})) == []


@pytest.mark.parametrize(("text", "place"), STILL_TOLD.values(), ids=STILL_TOLD.keys())
def test_a_comment_turns_nothing_else_off(text: str, place: str, tmp_path: Path) -> None:
    assert told(found_in(tmp_path, {"t.py": text})) == [f"{place} print-in-process"]


def test_the_job_file_turns_checks_off(tmp_path: Path) -> None:
    job_file = "job_name: j\njob_config: {audit: {skip: [print-in-process, unreadable]}}\n"

    assert found_in(tmp_path, {"t.py": dofn("print(1)\nyield data"), "u.py": "if:", "klio-job.yaml": job_file}) == []


def test_a_check_that_does_not_exist_cannot_be_turned_off() -> None:
    (found,) = unknown(["cold-image", "print-in-proces"], ["print-in-process", "cold-image"])

    assert (found.what, found.todo) == (
        "job_config.audit.skip: there is no check print-in-proces",
        "did you mean print-in-process?",
    )
