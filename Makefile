# `make run` proxies; `make test` tests; both set up all they need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CFG ?= doc/examples/quickstart.cfg
# Where Python finds the twistd plugin of a checkout only with this option.
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check \
	--config-settings editable_mode=compat
DEBIAN_TEST := haproxy hatop socat curl openssl s6 runit systemd zsh groff-base patch libcap2-bin iproute2 \
	util-linux
DEBIAN_BENCH := haproxy socat wrk util-linux iproute2
SETUP_FILES := setup.cfg pyproject.toml
# As pip leaves an installation. Where PYTHONDONTWRITEBYTECODE is set, each process would otherwise
# compile all of ours that it imports, a third of a start.
COMPILE = @$(BIN)/python -m compileall -q mwproxy

.PHONY: run test lint bench soak soak-model coverage doc clean distclean help
.DEFAULT_GOAL := help

help:
	@echo 'make run      proxy with doc/examples/quickstart.cfg (CFG=file for another)'
	@echo 'make test     all tests, ruff, mypy (T=tests.core for some of them)'
	@echo 'make lint     ruff and mypy alone'
	@echo 'make bench    measure beside HAProxy (ROWS="http reload" for some rows)'
	@echo 'make soak     mixed load with random reloads (SECONDS=120)'
	@echo 'make soak-model random sequences of configurations, signals and kills (EXAMPLES=200)'
	@echo 'make coverage the tests with branch coverage'
	@echo 'make doc      write doc/configuration.md and doc/commands.md anew'
	@echo 'make clean    remove what the above left, but not $(VENV)'

$(VENV)/.made:
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { \
	  echo 'mwproxy needs Python 3.11 or later with venv; on Debian: apt install python3-venv'; \
	  exit 1; }
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo 'mwproxy needs Python 3.11 or later: PYTHON=python3.11 make ...'; \
	  exit 1; }
	@touch $@

$(VENV)/.installed: $(VENV)/.made $(SETUP_FILES)
	$(PIP_INSTALL) --editable .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed $(SETUP_FILES)
	$(PIP_INSTALL) --editable '.[test]'
	@touch $@

# spoe-forge, an agent framework that tests ask, wants Python 3.12: where there is one, in an
# environment of its own. What could not be made is looked for again next time.
$(VENV)/forge: $(VENV)/.made
	@new='import sys; sys.exit(sys.version_info < (3, 12))'; \
	! $(BIN)/python -c "$$new" || exit 0; \
	for python in python3.12 python3.13 python3.14 $(HOME)/.pyenv/versions/3.1[2-9]*/bin/python; do \
	  if $$python -c "$$new" 2>/dev/null; then \
	    $$python -m venv $@ && $@/bin/python -m pip install --quiet --disable-pip-version-check \
	      'spoe-forge>=0.0.8' && break; \
	    rm -rf $@; \
	  fi; \
	done; test -d $@ || echo 'no Python 3.12 with spoe-forge: tests that need it are skipped'

# $(call need,packages,purpose): install Debian packages when we may, else say which.
define need
@missing=''; for package in $(1); do \
  dpkg-query --show --showformat='$${Status}' $$package 2>/dev/null | grep -q 'ok installed' \
    || missing="$$missing $$package"; done; \
if [ -n "$$missing" ]; then \
  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
    { apt-get install --yes --no-install-recommends $$missing >/dev/null 2>&1 \
      || { apt-get update >/dev/null 2>&1; \
           apt-get install --yes --no-install-recommends $$missing >/dev/null; }; } \
      || echo "could not install:$$missing ($(2))"; \
  else \
    echo "not installed, and only root may install:$$missing"; \
    echo "$(2); on Debian: apt install$$missing"; \
  fi; \
fi
endef

run: $(VENV)/.installed
	@mkdir -p run
	$(COMPILE)
	@MWPROXY_PYTHON="$(CURDIR)/$(BIN)/python" PATH="$(CURDIR)/$(BIN):$$PATH" \
	  $(BIN)/twistd -n mwproxy -f $(CFG) -S unix@run/master.sock || { status=$$?; \
	  case $$status in 130|143) exit 0;; 137) exit 137;; esac; \
	  echo 'mwproxy did not run. A port that is taken? Choose others:'; \
	  echo '  PORT=9080 TCP_PORT=9081 ORIGIN_A_PORT=9091 ORIGIN_B_PORT=9092 make run'; \
	  exit $$status; }

test: $(VENV)/.installed-test $(VENV)/forge
	$(call need,$(DEBIAN_TEST),tests that need them are skipped)
	$(COMPILE)
	@$(BIN)/python -m tests $(T)

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(VENV)/.installed-bench: $(VENV)/.installed $(SETUP_FILES)
	$(PIP_INSTALL) --editable '.[bench]' || echo 'haproxyspoa is not installed: row spoa has no peer'
	@touch $@

bench: $(VENV)/.installed-bench
	$(call need,$(DEBIAN_BENCH),rows that need them are left out)
	$(COMPILE)
	@$(BIN)/python -m bench.run $(ROWS)

soak: $(VENV)/.installed
	$(COMPILE)
	@$(BIN)/python -m tests.integration.soak $(SECONDS)

EXAMPLES ?= 200
soak-model: $(VENV)/.installed-test
	$(COMPILE)
	@MWPROXY_MODEL_EXAMPLES=$(EXAMPLES) $(BIN)/python -m twisted.trial tests.integration.test_model

coverage: $(VENV)/.installed-test
	$(BIN)/coverage erase
	$(BIN)/coverage run -m twisted.trial tests
	$(BIN)/coverage combine
	$(BIN)/coverage report --show-missing --skip-covered

doc: $(VENV)/.installed
	$(BIN)/python -m doc.generate
	$(BIN)/python -m doc.internals.draw

clean:
	rm -rf run build _trial_temp* .mypy_cache .ruff_cache .hypothesis .coverage* *.egg-info
	rm -f twisted/plugins/dropin.cache
	find mwproxy tests bench doc twisted -name __pycache__ -type d -exec rm -rf {} +

distclean: clean
	rm -rf $(VENV)
