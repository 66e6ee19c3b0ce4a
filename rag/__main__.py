"""`python -m rag` is the command `yinzheng`."""

from rag.cli import main

if __name__ == "__main__":
    main()
