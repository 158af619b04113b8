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
        """Find the command of the arguments.

        :raises click.UsageError: when there is no such command.
        """
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

    Two words are compared with paths of two words in either order; then the first word with each path's last word.

    :param words: what was typed, arguments included.
    """
    typed = [word.lower() for word in words if not word.startswith("-")][:2]
    if len(typed) == 2:
        pairs = [path for path in paths if len(path) == 2]
        found = _best({path: max(_both(typed, path), _both(typed[::-1], path)) for path in pairs})
        if found is not None:
            return found
    # A command of one word goes before the same word in a group.
    last_words = {path: _alike(typed[0], path[-1]) - 0.05 * (len(path) - 1) for path in paths}
    return _best({path: score for path, score in last_words.items() if path != (typed[0],)})


def _best(scores: dict[tuple[str, ...], float]) -> tuple[str, ...] | None:
    best = max(scores, key=lambda path: scores[path], default=None)
    return best if best is not None and scores[best] >= ALIKE else None


def _both(typed: Sequence[str], path: Sequence[str]) -> float:
    first, second = _alike(typed[0], path[0]), _alike(typed[1], path[1])
    return (first + second) / 2 if min(first, second) >= ALIKE else 0.0


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
