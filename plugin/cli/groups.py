"""Groups of commands that suggest the nearest command for a misspelt one, in either order of words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

import click

ALIKE = 0.7
"""Minimum likeness, of 0 to 1, of words to a command that is suggested for them."""


class Group(click.Group):
    """A group whose unknown commands are answered with the nearest known one."""

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """:raises click.UsageError: there is no such command."""
        name = arguments[0]
        if name.startswith("-") or self.get_command(context, name) is not None:
            return super().resolve_command(context, arguments)
        root = context.find_root()
        before = context.command_path.split()[len(root.command_path.split()) :]
        found = nearest([*before, *arguments], list(_paths(root.command, root)))
        hint = (
            f"Did you mean `{root.command_path} {' '.join(found)}`?"
            if found
            else "The commands are listed by --help."
        )
        raise click.UsageError(f"There is no command {' '.join([*before, name])!r}. {hint}", context)


def nearest(words: Sequence[str], paths: Sequence[tuple[str, ...]]) -> tuple[str, ...] | None:
    """Return the path that the first words are most like, or None if none is alike.

    :param words: what was typed, arguments included.
    """
    typed = [word.lower() for word in words if not word.startswith("-")][:2]
    best = max(paths, key=lambda path: _likeness(typed, path), default=())
    return best if _likeness(typed, best) >= ALIKE else None


def _likeness(typed: Sequence[str], path: Sequence[str]) -> float:
    """Return how alike they are, of 0 to 1: a path of two words in either order, or by its last word alone."""
    if not typed or not path:
        return 0.0
    if len(path) == 1:
        return _alike(typed[0], path[0]) - (0.01 if len(typed) == 2 else 0.0)
    whole = 0.0
    if len(typed) == 2:
        pairs = (typed, typed[::-1])
        whole = max(min(_alike(first, path[0]), _alike(second, path[1])) for first, second in pairs)
    return max(whole, _alike(typed[0], path[1]) - 0.05)


def _alike(left: str, right: str) -> float:
    return SequenceMatcher(None, left, right).ratio()


def _paths(group: click.Command, context: click.Context) -> Iterator[tuple[str, ...]]:
    """Yield the paths of all commands, of one or two words."""
    if not isinstance(group, click.Group):
        return
    for name in group.list_commands(context):
        yield (name,)
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from ((name, inner) for inner in command.list_commands(click.Context(command)))
