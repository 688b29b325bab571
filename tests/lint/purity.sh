#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
exec "${PYTHON:-python3}" "${TOP_SRCDIR:-.}/tests/lint/purity.py" "${TOP_SRCDIR:-.}"
