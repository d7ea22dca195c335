from __future__ import annotations

import ast
from collections.abc import Iterator

from klio_cli.audit.job import Job
from klio_cli.audit.source import Module
from klio_core.finding import Check, Finding, Grade

CHECK = Check(
    "ogg-in-one-call",
    Grade.FAULT,
    "OGG that is written in one call",
    why="more than about half a minute of Vorbis in one call overflows the stack of libvorbis, and kills the worker "
    "without a traceback (libsndfile issue 424)",
    mend="open it as soundfile.SoundFile(path, 'w', …), and write a second at a time in a loop",
)

_ENDINGS = (".ogg", ".oga", ".opus")
_FORMATS = {"ogg", "vorbis", "opus"}
# Where soundfile.write and soundfile.SoundFile take what says the format, if not by its name.
_PLACES = {"soundfile.write": (3, 5), "soundfile.SoundFile": (4, 6)}


def find(job: Job) -> Iterator[Finding]:
    """Yield the calls that write a whole file: soundfile.write(), and a SoundFile's write() that is in no loop."""
    upload = bool(outputs := job.config.job_config.data.outputs) and all(
        one.file_suffix.lower() in _ENDINGS for one in outputs
    )
    for module in job.modules:
        uploads = {name for name, opened in _opened(module) if _is_upload(opened)} if upload else set()
        oggs = {name for name, opened in _opened(module) if _is_ogg(module, opened, uploads)}
        for call, looped in _calls(module.tree):
            whole = module.dotted(call.func) == "soundfile.write" and _is_ogg(module, call, uploads)
            if whole or (_writes_to(call, oggs) and not looped):
                yield CHECK.found(ast.unparse(call), module.file, call.lineno)


def _calls(node: ast.AST, *, looped: bool = False) -> Iterator[tuple[ast.Call, bool]]:
    """Yield all calls, and whether each stands in a loop."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call):
            yield child, looped
        yield from _calls(child, looped=looped or isinstance(child, ast.For | ast.While))


def _opened(module: Module) -> Iterator[tuple[str, ast.Call]]:
    """Yield each name that is given to what a call answers, by `with` or by `=`."""
    for node in ast.walk(module.tree):
        match node:
            case ast.withitem(ast.Call() as call, ast.Name(name)) | ast.Assign([ast.Name(name)], ast.Call() as call):
                yield name, call


def _is_upload(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == "upload"


def _writes_to(call: ast.Call, names: set[str]) -> bool:
    match call.func:
        case ast.Attribute(ast.Name(name), "write"):
            return name in names
    return False


def _is_ogg(module: Module, call: ast.Call, uploads: set[str]) -> bool:
    places = _PLACES.get(module.dotted(call.func))
    if places is None or not call.args:
        return False
    said = [word.value for word in call.keywords if word.arg in ("format", "subtype")]
    said += [call.args[place] for place in places if place < len(call.args)]
    words = {one.value.lower() for one in said if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    if words:
        return bool(words & _FORMATS)
    match call.args[0]:
        case ast.Name(name) if name in uploads:
            return True
    return _text_at_end(call.args[0]).lower().endswith(_ENDINGS)


def _text_at_end(node: ast.expr) -> str:
    """Answer the text that an expression ends with, as far as it is written there."""
    match node:
        case ast.Constant(str(text)):
            return text
        case ast.JoinedStr([*_, last]) | ast.BinOp(_, _, last) | ast.Call(_, [*_, last]):
            return _text_at_end(last)
    return ""
