"""The directives that put what `tables.py` and `commands.py` read off the code on a page."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.application import Sphinx

from docs._ext import audit, commands, tables


class _Written(Directive):
    """A directive whose text is Markdown that Python wrote."""

    has_content = True

    def markdown(self) -> str:
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        """Answer what the Markdown says. An incomplete table is an error of the page."""
        try:
            text = self.markdown()
        except ValueError as error:
            raise self.error(str(error)) from error
        box = nodes.container()
        self.state.nested_parse(StringList(text.splitlines(), source=""), self.content_offset, box, match_titles=True)
        return list(box.children)


class Meanings(_Written):
    """The keys of a section, the fields of a record or the values of an enum, each with its meaning."""

    required_arguments = 1
    final_argument_whitespace = True

    def markdown(self) -> str:
        """Answer the table."""
        return tables.described(self.arguments[0], "\n".join(self.content))


class Commands(_Written):
    """Every command of `klio`, as its --help says it."""

    def markdown(self) -> str:
        """Answer all commands, one after the other."""
        return "\n\n".join(text for _, text in commands.command_pages())


class Errors(_Written):
    """Every error, with its exit status."""

    def markdown(self) -> str:
        """Answer the table."""
        return tables.error_table()


class Checks(_Written):
    """Everything that `klio job audit` looks for."""

    def markdown(self) -> str:
        """Answer the table."""
        return audit.check_table()


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx of the directives."""
    app.add_directive("meanings", Meanings)
    app.add_directive("klio-commands", Commands)
    app.add_directive("klio-errors", Errors)
    app.add_directive("klio-audit-checks", Checks)
    return {"parallel_read_safe": True}
