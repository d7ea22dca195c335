from __future__ import annotations

import ast
from collections.abc import Iterator

from klio_cli.audit.derived import Begins, Derived
from klio_cli.audit.elements import Code
from klio_cli.audit.job import Job
from klio_core.finding import Check, Finding, Grade

CHECK = Check(
    "model-in-process",
    Grade.FAULT,
    "a model that is loaded for each element",
    why="loading takes longer than working, and takes its memory again and again",
    mend="load it in setup(), which runs once in each worker, and keep it: self.model = …",
)

_LOADERS = {
    "demucs.api.Separator", "demucs.pretrained.get_model", "fasttext.load_model", "joblib.load",
    "keras.models.load_model", "keras.saving.load_model", "onnxruntime.InferenceSession",
    "safetensors.torch.load_file", "sentence_transformers.SentenceTransformer", "spacy.load",
    "tensorflow.keras.models.load_model", "tensorflow.lite.Interpreter", "tensorflow.saved_model.load",
    "tensorflow_hub.load", "tflite_runtime.interpreter.Interpreter", "timm.create_model", "torch.hub.load",
    "torch.jit.load", "torch.load", "transformers.pipeline", "whisper.load_model",
}  # fmt: skip
# Methods that load a model, whatever the class is called.
_METHODS = {"from_pretrained", "load_from_checkpoint"}


def find(job: Job) -> Iterator[Finding]:
    """Yield the calls that load the same model for each element; what they are given of the element is no model."""
    for code in job.per_element.code:
        own = Derived(code, _comes_with_the_element(code))
        for call, name in code.calls:
            loads = name in _LOADERS or name.rpartition(".")[2] in _METHODS
            if loads and not any(map(own.holds, call.args)):
                yield CHECK.found(f"{code.name}() calls {name}", code.module.file, call.lineno)


def _comes_with_the_element(code: Code) -> Begins:
    arguments = {one.arg for one in ast.walk(code.node.args) if isinstance(one, ast.arg)} - {"self", "cls"}

    def begins(node: ast.AST) -> bool:
        match node:
            case ast.Name(name):
                return name in arguments
            case ast.Call(ast.Attribute(_, "download")):
                return True
        return False

    return begins
