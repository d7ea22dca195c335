"""A job's directory as the home of this process for a while: its working directory, and where its modules are from."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from types import ModuleType


class Home:
    """The directory of one job. Jobs in one process may have modules of the same names: each finds its own at home."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._own: dict[str, ModuleType] = {}

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Be at home while the block runs; what the test has imported of the job itself is the same module here."""
        before = dict(sys.modules)
        path = list(sys.path)
        here = self._names()
        others = [name for name in before if name.partition(".")[0] in here and not self._is_ours(before[name])]
        for name in others:
            del sys.modules[name]
        sys.modules.update(self._own)
        sys.path.insert(0, str(self._directory))
        try:
            with chdir(self._directory):
                yield
        finally:
            sys.path[:] = path
            self._leave(before)

    def _leave(self, before: dict[str, ModuleType]) -> None:
        found = {name: module for name, module in sys.modules.items() if before.get(name) is not module}
        self._own = {name: module for name, module in found.items() if self._is_ours(module)}
        for name in self._own:
            del sys.modules[name]
        sys.modules.update({name: module for name, module in before.items() if name not in sys.modules})

    def _names(self) -> set[str]:
        """Answer what can be imported from here."""
        return {path.stem for path in self._directory.glob("*.py")} | {
            path.parent.name for path in self._directory.glob("*/__init__.py")
        }

    def _is_ours(self, module: ModuleType) -> bool:
        file = getattr(module, "__file__", None)
        return file is not None and Path(file).is_relative_to(self._directory) and "site-packages" not in file
