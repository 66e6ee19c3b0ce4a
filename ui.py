"""`python ui.py` opens the page, as `yinzheng chat` does; package `page` is what it is made of."""

import sys


def main() -> None:
    """Run `yinzheng chat` with the arguments given."""
    from rag.cli import main as run

    sys.argv.insert(1, "chat")
    run()


if __name__ == "__main__":
    main()
