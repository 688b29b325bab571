#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
exec "${PYTHON:-python3}" "${TOP_SRCDIR:-.}/tests/sim/simulate.py" "${TOP_BUILDDIR:-.}/src/cmd/rotactl"
