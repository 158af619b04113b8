"""``badgerelay``: the commands, each loaded when it is called so that ``--help`` is quick."""

from __future__ import annotations

import sys
from importlib import import_module
from keyword import iskeyword

import click

from ..._version import __version__
from .groups import Group

COMMANDS = {
    "demo": ("serve", "Watch completions become badges on this machine, without any account."),
    "connect": ("connect", "Connect a badge provider or ALM, checked before it is saved."),
    "connections": ("connections", "List, check or remove connections."),
    "templates": ("templates", "List, synchronize, export and make badge templates."),
    "import": ("import_files", "Import ALM's migration CSVs, which say what earns which badge."),
    "rules": ("rules", "List, add, remove and test rules: which completions earn which badge."),
    "skills": ("skills", "List the skills of sources and the badges of their levels."),
    "serve": ("serve", "Receive webhooks and issue badges."),
    "worker": ("serve", "Issue badges, beside `serve` or on other machines."),
    "events": ("events", "List, show and replay what arrived."),
    "awards": ("awards", "List, explain, retry, release and revoke earned badges."),
    "schedule": ("schedule", "List the periodic tasks and their outcomes."),
    "migrations": ("migrations", "Follow migration runs of ALM accounts."),
    "backfill": ("backfill", "Issue badges for past completions: planned first, then confirmed."),
    "report": ("report", "Report completions that earned nothing, and differences from the provider."),
    "pause": ("pause", "Stop sending, for one connection or all; events are still received."),
    "resume": ("pause", "Send again."),
    "sandbox": ("sandbox", "Run a local server that behaves like a provider or ALM."),
    "adapter": ("adapter", "List, write and check adapters to badge providers."),
    "db": ("db", "Upgrade the database and manage its keys."),
}
"""Commands with the module of this folder that has them, and their lines in the help."""


class _Commands(Group):
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
    """Turn finished courses into verifiable badges, exactly once.

    Start with `badgerelay demo`, then `badgerelay connect --help`. Every command has --help. Lists have --json for
    programs and --wide for every field. NO_COLOR turns colours off.

    To complete commands with the Tab key, put this line into ~/.bashrc (or zsh_source into ~/.zshrc):

    \b
      eval "$(_BADGERELAY_COMPLETE=bash_source badgerelay)"
    """


def main() -> None:
    """Run a command. It exits with 0 if done, 1 if it did not work, 2 for wrong use or wrong settings."""
    try:
        badgerelay.main(prog_name="badgerelay", standalone_mode=False)
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
