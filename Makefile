# Everything here works on a fresh machine with git, make and Python 3.11 or newer.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NODE := $(VENV)/javascript
NBVAL := $(BIN)/python -m pytest --segflux --nbval --nbval-current-env --nbval-cell-timeout=120 -W default -p no:cacheprovider

.PHONY: help demo s3 test javascript lab notebooks screenshots format bench mutants soak matrix packaging docs constraints clean

help:
	@echo "make demo         the quickstart sweep on the built-in simulator"
	@echo "make test         format, lint, types, tests, notebooks"
	@echo "make javascript   types, lint and unit tests of the widgets' JavaScript; a part of make test"
	@echo "make lab          the notebooks in JupyterLab"
	@echo "make notebooks    execute the notebooks and save their outputs"
	@echo "make screenshots  the pictures of docs/gallery.md, by the browser tests"
	@echo "make format       format, and fix what ruff and biome can fix"
	@echo "make bench        benchmarks"
	@echo "make mutants      plant bugs, and print the test that finds each"
	@echo "make soak         the long tests: 20,000 fuzzed bodies, a real sweep killed a thousand times, simulations"
	@echo "make matrix       notebooks and kernel tests on ipykernel 6 and 7, and on two versions of Pillow"
	@echo "make docs         the pages as a site in build/docs, without a warning"
	@echo "make packaging    wheel, sdist and exports, judged by other people's tools; installs into empty environments"
	@echo "make constraints  write constraints.txt: the versions that a fresh environment gets today"

$(VENV)/installed: pyproject.toml
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'segflux_nb needs Python 3.11 or newer')"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/developing: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --group dev
	touch $@

# Node itself is a package of the virtual environment.
$(NODE)/installed: $(VENV)/developing package.json package-lock.json .npmrc
	mkdir -p $(NODE)
	cp package.json package-lock.json .npmrc $(NODE)
	cd $(NODE) && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --silent --ignore-scripts --no-audit --no-fund
	touch $@

s3: $(VENV)/moto/installed

# A server of the S3 protocol, for tests: in an environment of its own, because the package that it simulates for has
# many dependencies, of versions that must not decide what the tests run with.
$(VENV)/moto/installed: $(VENV)/installed tests/moto.txt
	test -x $(VENV)/moto/bin/python || $(PYTHON) -m venv $(VENV)/moto
	env -u PIP_CONSTRAINT $(VENV)/moto/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/moto.txt
	touch $@

demo: $(VENV)/installed
	$(BIN)/segflux demo

test: $(VENV)/developing $(VENV)/moto/installed javascript
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder -rs -m "not long and not alone"
	$(BIN)/python -m pytest -m alone tests
	$(NBVAL) -n 2 --dist loadfile notebooks

javascript: $(NODE)/installed
	$(BIN)/node $(NODE)/node_modules/typescript/bin/tsc --project .
	$(BIN)/node $(NODE)/node_modules/@biomejs/biome/bin/biome ci --error-on-warnings
	$(BIN)/node --test --test-reporter=dot "tests/javascript/*.test.js"

lab: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[lab]"
	$(BIN)/jupyter lab notebooks

notebooks: $(VENV)/developing
	$(BIN)/python tools/execute_notebooks.py

screenshots: $(VENV)/developing
	REQUIRE_BROWSER=1 SCREENSHOTS=docs/gallery $(BIN)/python -m pytest tests/browser/test_screenshots.py tests/browser/test_elsewhere.py

format: $(NODE)/installed
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/node $(NODE)/node_modules/@biomejs/biome/bin/biome check --write

bench: $(VENV)/developing
	$(BIN)/python benchmarks/running.py
	$(BIN)/python benchmarks/simulator.py
	$(BIN)/python benchmarks/sheets.py
	$(BIN)/python benchmarks/gallery.py
	$(BIN)/python benchmarks/check.py
	$(BIN)/python benchmarks/bundle.py
	$(BIN)/python benchmarks/analysis.py
	$(BIN)/python benchmarks/voting.py
	$(BIN)/python benchmarks/team.py

mutants: $(VENV)/developing
	$(BIN)/python tools/mutants.py

soak: $(VENV)/developing $(VENV)/moto/installed
	HYPOTHESIS_PROFILE=searching $(BIN)/python -m pytest -m long -n 2 --dist loadgroup -o faulthandler_timeout=7200
	$(BIN)/python tests/soak/kill9.py --kills 1000

# Each row has a virtual environment of its own: name=packages, separated by commas.
MATRIX := ipykernel6=ipykernel~=6.29,numpy~=2.0.0 ipykernel7=ipykernel~=7.0,pillow==12.3.0
matrix: $(VENV)/developing
	@rm -f .matrix/pictures.npz; mkdir -p .matrix
	@for row in $(MATRIX); do \
		env=.matrix/$${row%%=*}; packages=$$(echo "$${row#*=}" | tr , ' '); \
		echo "== $${row%%=*}: $$packages"; \
		test -x $$env/bin/python || $(PYTHON) -m venv $$env; \
		$$env/bin/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1" && \
		$$env/bin/python -m pip install --quiet --editable . --group dev $$packages && \
		$$env/bin/python tools/compare_pictures.py .matrix/pictures.npz && \
		$$env/bin/python -m pytest tests/test_kernel.py tests/sheets tests/widgets tests/pictures && \
		$$env/bin/python -m pytest --segflux --nbval --nbval-current-env --nbval-cell-timeout=120 -W default -p no:cacheprovider notebooks || exit 1; \
	done

# An environment of its own: what Sphinx needs must not decide what the tests run with.
docs: $(VENV)/installed
	test -x .matrix/docs/bin/python || $(PYTHON) -m venv .matrix/docs
	.matrix/docs/bin/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	.matrix/docs/bin/python -m pip install --quiet --editable . --group docs
	.matrix/docs/bin/python -m sphinx -b html -c docs -W --keep-going -q -j 2 . build/docs
	@echo "build/docs/docs/index.html"

# Other people's tools need other versions of some packages, so they have a virtual environment of their own.
packaging: $(VENV)/installed
	test -x .matrix/packaging/bin/python || $(PYTHON) -m venv .matrix/packaging
	.matrix/packaging/bin/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	PIP_CONSTRAINT=$(CURDIR)/constraints-packaging.txt .matrix/packaging/bin/python -m pip install --quiet --group packaging
	mkdir -p .matrix/bundles
	$(BIN)/python tools/make_bundle.py .matrix/bundles/study.sfx
	.matrix/packaging/bin/python tools/validate_crate.py notebooks/study.sfx .matrix/bundles/study.sfx
	PIP_CONSTRAINT=$(CURDIR)/constraints-packaging.txt .matrix/packaging/bin/python -m pip install --quiet --editable .
	.matrix/packaging/bin/python tools/check_forms.py
	.matrix/packaging/bin/python -m pytest -W default -p no:cacheprovider tests/ecosystem
	env -u PIP_CONSTRAINT .matrix/packaging/bin/python tools/check_package.py  # users have no constraints

constraints:
	rm -rf .matrix/fresh
	$(PYTHON) -m venv .matrix/fresh
	.matrix/fresh/bin/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	.matrix/fresh/bin/python -m pip install --quiet . --group dev
	(head -1 constraints.txt; .matrix/fresh/bin/python -m pip freeze --exclude segflux-nb) > .matrix/constraints.txt
	mv .matrix/constraints.txt constraints.txt
	rm -rf .matrix/fresh
	$(PYTHON) -m venv .matrix/fresh
	.matrix/fresh/bin/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	.matrix/fresh/bin/python -m pip install --quiet . --group packaging
	(head -1 constraints-packaging.txt; .matrix/fresh/bin/python -m pip freeze --exclude segflux-nb) > .matrix/constraints.txt
	mv .matrix/constraints.txt constraints-packaging.txt

clean:
	rm -rf .matrix $(VENV) demo .mypy_cache .ruff_cache .pytest_cache
