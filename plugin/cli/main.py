"""``badgerelay``: the commands, each loaded when it is called, so that ``--help`` is quick."""

from __future__ import annotations

import sys
from importlib import import_module
from keyword import iskeyword

import click

from ..._version import __version__

COMMANDS = {
    "demo": ("demo", "See the whole road on this machine, with real processes and no account anywhere."),
    "connect": ("connect", "Connect a badge provider or a source of events, checked before it is saved."),
    "connections": ("connections", "List, check or remove connections."),
    "templates": ("templates", "The badge templates of the connected providers."),
    "import": ("import_files", "Check ALM's migration CSVs, and keep what ties badges to learning objects."),
    "rules": ("rules", "Which completions earn which badge: list, add, remove, test."),
    "skills": ("skills", "The skills that sources have told of, and the badges of their levels."),
    "serve": ("serve", "Receive webhooks and issue badges."),
    "worker": ("serve", "Issue badges, beside `serve` or on other machines."),
    "events": ("awards", "What arrived: list, show, replay."),
    "awards": ("awards", "What became of it: list, show, why, retry, release."),
    "schedule": ("schedule", "What is done from time to time, and what came of it."),
    "migrations": ("migrations", "Migration runs of ALM accounts, followed until they end."),
    "backfill": ("backfill", "Past completions made good: planned first, then issued."),
    "report": ("report", "What earned nothing, and where the ledger and the provider differ."),
    "pause": ("pause", "Send nothing, for all connections or one; events are still taken."),
    "resume": ("pause", "Send again."),
    "sandbox": ("serve", "A local counterpart of a provider or of ALM, to try things on."),
    "adapter": ("adapter", "Badge providers: list those installed, write a new one, check one."),
    "db": ("db", "The database: upgrade, keys."),
}
"""Command: its module in this folder, and its line in the help."""


class _Commands(click.Group):
    def list_commands(self, _context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = import_module(f".{COMMANDS[name][0]}", __package__)
        command: click.Command = getattr(module, f"{name}_" if iskeyword(name) else name)
        return command

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="badgerelay")
def badgerelay() -> None:
    """Turn finished courses into verifiable badges, exactly once."""


def main() -> None:
    """Run the command; exits with 0 done, 1 it did not work, 2 wrong use or wrong settings."""
    try:
        badgerelay.main(standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.Abort:
        click.echo("stopped", err=True)
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except Exception as error:
        from .common import exit_code_of

        code = exit_code_of(error)
        if code is None:
            raise
        click.echo(f"badgerelay: {error}", err=True)
        sys.exit(code)
