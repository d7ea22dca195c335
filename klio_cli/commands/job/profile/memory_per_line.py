from __future__ import annotations

import copy

from klio_cli.commands.job.profile import memory_lines

# klio's name for it.
command = copy.copy(memory_lines.command)
command.hidden = True
