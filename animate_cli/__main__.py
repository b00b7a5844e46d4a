"""`python -m animate_cli` is `animate`."""

from animate_cli.cli import main

if __name__ == "__main__":
    main()
