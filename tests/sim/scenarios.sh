#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What make check asks of the simulator: each scenario of the repository ends well, and the same way twice.
exec "${TOP_BUILDDIR:-.}/tests/sim/sim" "${TOP_SRCDIR:-.}"/tests/sim/scenarios/*.trace
