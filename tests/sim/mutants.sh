#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Planted mistakes (tests/sim/mutants/*.patch): each is applied to copies of the files it touches, these are compiled and linked
# before the archives, and the simulator must find it by one of the rules that the patch names, within SEEDS seeds. Called by
# make check-mutants. Arguments: names of mutants; none: all. What a patch says of itself stands in its first lines:
# what is wrong; "rules:" that may find it; "with:" faults to be drawn more often, or "scenario:" one
# of tests/sim/scenarios that shows it.
set -u
here=$TOP_SRCDIR/tests/sim/mutants
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
worst=0
one() {
	name=$1 patch=$here/$1.patch dir=$work/$1 objects=
	rules=$(sed -n 's/^# rules: //p' "$patch") with=$(sed -n 's/^# with: //p' "$patch")
	scenario=$(sed -n 's/^# scenario: //p' "$patch")
	mkdir -p "$dir"
	for file in $(sed -n 's/^+++ b\///p' "$patch"); do
		mkdir -p "$dir/$(dirname "$file")" && cp "$TOP_SRCDIR/$file" "$dir/$file" || return 2
	done
	patch -s -p1 -d "$dir" <"$patch" || { echo "$name: does not apply any more"; return 2; }
	for file in $(sed -n 's/^+++ b\///p' "$patch"); do
		eval "$COMPILE -w -c -o '$dir/$file.o' '$dir/$file'" || return 2
		objects="$objects $dir/$file.o"
	done
	eval "$LINK -o '$dir/sim' $OBJECTS $objects $LIBRARIES" >"$dir/link.log" 2>&1 || { cat "$dir/link.log"; return 2; }
	begun=$(date +%s)
	if [ "$scenario" ]; then
		found=$(cd "$here/../scenarios" && "$dir/sim" --find-in "$scenario")
	else
		found=$("$dir/sim" --with "$with" --find "$SEEDS")
	fi
	printf '%-26s %-12s %4s s  %s\n' "$name" "${found%% *}" "$(($(date +%s) - begun))" "${found#* }"
	case " $rules " in
	*" ${found%% *} "*) return 0 ;;
	esac
	echo "  not found by any of: $rules"
	return 1
}
printf '%-26s %-12s %6s  %s\n' mistake 'found by' took where
[ $# -gt 0 ] || set -- $(cd "$here" && ls *.patch | sed 's/\.patch$//')
for name in "$@"; do
	one "$name" || worst=1
done
exit $worst
