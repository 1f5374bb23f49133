"""`python -m drdarrow` is the command `drdarrow`."""

from drdarrow.cli import main

if __name__ == "__main__":
    main()
