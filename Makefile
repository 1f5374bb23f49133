# The commands of the README. Each fetches what it needs.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# What the tests need beside the package itself.
TEST_PACKAGES := "maturin>=1.16,<2" pytest pytest-timeout pyarrow polars "pandas>=3" duckdb dbapi-compliance \
	mypy ruff nbclient ipykernel psutil rich typer matplotlib pyarrow-stubs sqlglot \
	ibm_db adbc-driver-db2

.PHONY: demo test tools system check rust wheel python notebooks docs bench clean

## Starts Derby, loads sample rows and streams them to Arrow, Parquet and Polars.
demo: wheel
	$(BIN)/python examples/demo.py

## Everything that is tested, as it is tested for every change.
test: tools check rust wheel python notebooks docs

tools: system $(VENV)/ready

system:
	sh tools/system.sh

$(VENV)/ready: Makefile | system
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet $(TEST_PACKAGES)
	touch $@

check: tools
	cargo fmt --check
	cargo clippy --all-targets --features python,server -- -D warnings
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(PYTHON) tools/dependencies.py

rust: tools
	cargo test --features server

wheel: tools
	rm -rf target/wheels
	$(BIN)/maturin build --release --quiet --out target/wheels
	$(BIN)/pip install --quiet --force-reinstall --no-deps target/wheels/*.whl
	$(BIN)/python tools/wheel.py target/wheels/*.whl

python: wheel
	cargo build --quiet --features server --example serve
	$(BIN)/python -m pytest

notebooks: wheel
	$(BIN)/python tools/notebooks.py

docs: tools
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --document-private-items --features server --quiet

## Ratios of one run; see benches/.
bench: wheel
	$(BIN)/python benches/compare.py --wheel target/wheels/*.whl

clean:
	rm -rf target $(VENV)
