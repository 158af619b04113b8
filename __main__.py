"""``python -m badgerelay`` is the ``badgerelay`` command."""

from .plugin.cli.main import main

if __name__ == "__main__":
    main()
