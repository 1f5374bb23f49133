# The commands of the README. Each fetches what it needs.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# What the tests need beside the package itself.
TEST_PACKAGES := pytest pytest-timeout pyarrow polars "pandas>=3" duckdb dbapi-compliance \
	mypy ruff nbclient ipykernel psutil rich typer matplotlib pyarrow-stubs sqlglot \
	ibm_db adbc-driver-db2

.PHONY: demo test tools system check rust build wheel python notebooks docs soak bench bench-peers bench-scan clean

## Starts the embedded server with sample rows and streams them to Arrow, Parquet and Polars.
demo: build
	$(BIN)/pip install --quiet "$$(echo target/wheels/*.whl)[arrow,cli,polars,server]"
	$(BIN)/drdarrow demo

## Everything that is tested, as it is tested for every change.
test: tools check rust wheel python notebooks docs

tools: system $(VENV)/ready

system:
	sh tools/system.sh

$(VENV)/made:
	sh tools/system.sh venv
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip "maturin>=1.16,<2"
	touch $@

$(VENV)/ready: Makefile $(VENV)/made | system
	$(BIN)/pip install --quiet $(TEST_PACKAGES)
	touch $@

check: tools
	cargo fmt --check
	cargo clippy --all-targets --features python,server -- -D warnings
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(PYTHON) tools/dependencies.py

rust: tools
	cargo test --features server

build: $(VENV)/made
	rm -rf target/wheels
	$(BIN)/maturin build --release --quiet --out target/wheels
	$(BIN)/pip install --quiet --force-reinstall --no-deps target/wheels/*.whl

wheel: tools build
	$(BIN)/python tools/wheel.py target/wheels/*.whl

python: wheel
	cargo build --quiet --features server --example serve --example pages
	$(BIN)/python -m pytest

notebooks: wheel
	$(BIN)/python tools/notebooks.py

docs: tools
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --document-private-items --features server --quiet

## A hundred thousand handshakes, good and failing: nothing may be left of them.
soak:
	DRDARROW_HANDSHAKES=100000 cargo test --features server --test handshakes -- --nocapture

## Ratios of one run; see benches/.
bench: wheel
	$(BIN)/python benches/compare.py --wheel target/wheels/*.whl

## The same beside the clients of Db2, each against its own recorded conversation.
bench-peers: wheel
	$(BIN)/python benches/peers.py --wheel target/wheels/*.whl

## Records of a file beside JTOpen, IBM's client for Java.
bench-scan:
	$(PYTHON) benches/scan.py

clean:
	rm -rf target $(VENV)
