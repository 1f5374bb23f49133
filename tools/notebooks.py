"""Runs every notebook from top to bottom; a cell that fails, fails the run."""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    for path in notebooks:
        notebook = nbformat.read(path, as_version=4)
        NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(ROOT)}}).execute()
        print(f"{path.name}: {sum(c.cell_type == 'code' for c in notebook.cells)} cells ran")
    return 0 if notebooks else 1


if __name__ == "__main__":
    sys.exit(main())
