#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What make check asks of the simulator: each scenario of the repository ends as it says, and the same way twice; and some
# fleets drawn from seeds (make check-sim asks for more).
sim=${TOP_BUILDDIR:-.}/tests/sim/sim
"$sim" "${TOP_SRCDIR:-.}"/tests/sim/scenarios/*.trace && "$sim" --check
