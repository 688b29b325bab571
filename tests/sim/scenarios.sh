#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each scenario of the repository ends as it says, and the same way twice.
"${TOP_BUILDDIR:-.}/tests/sim/sim" "${TOP_SRCDIR:-.}"/tests/sim/scenarios/*.trace
