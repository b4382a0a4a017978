# shellcheck shell=bash disable=SC2154
# The tiers of tests/run: each a function that runs tests of $work's builds and
# tells the outcome by tally().

show_end()
{
	echo "-- the end of $1:"
	tail -n "${2:-60}" "$1"
}

# Three at a time: configure keeps one core busy, not two.  Each build has
# directories of its own for what runs: two may be tested beside each other.
build_all()
{
	local start=$SECONDS name bad=0
	local -A job=()

	begin "build"
	attend copy_source "$top" "$work/source" >"$work/source.log" 2>&1 || {
		show_end "$work/source.log"
		exit 1
	}
	start_job build "$work/source" "$work/release" --enable-werror \
		--localstatedir="$work/release/var" >"$work/release.log" 2>&1
	job[release]=${jobs_running[-1]}
	start_job build "$work/source" "$work/sanitizer" --enable-werror \
		--enable-sanitizer CFLAGS='-O1 -g' \
		--localstatedir="$work/sanitizer/var" \
		>"$work/sanitizer.log" 2>&1
	job[sanitizer]=${jobs_running[-1]}
	start_job build_fuzz >"$work/fuzz.log" 2>&1
	job[fuzz]=${jobs_running[-1]}
	# What tests of default paths mount over.
	mkdir -p "$work"/{release,sanitizer}/var/{lib,run}
	for name in release sanitizer fuzz; do
		wait_job "${job[$name]}" && continue
		echo "the build failed: $name"
		show_end "$work/$name.log"
		bad=$((bad + 1))
	done
	tally build "$start" 0 "$bad" 0
	((!bad)) || exit 1
}

build_fuzz()
{
	mkdir "$work/fuzz"
	cd "$work/fuzz"
	../source/configure --enable-werror --enable-fuzz CC=clang \
		CFLAGS='-O1 -g' || return
	make -j2 fuzz
}

# count_unit DIR: passed, failed and skipped of the tests that ran in DIR; a
# program that says nothing about single tests counts as one.
count_unit()
{
	local trs log result ran ok skip bad all=(0 0 0)

	while read -r trs; do
		log=${trs%.trs}.log
		result=$(sed -n 's/^:global-test-result: //p' "$trs")
		ran=$(count_names 'RUN     ' "$log")
		ok=$(count_names '      OK' "$log")
		skip=$(count_names ' SKIPPED' "$log")
		if ((!ran)); then
			ran=1
			[[ $result != PASS ]] || ok=1
			[[ $result != SKIP ]] || skip=1
		fi
		bad=$((ran - ok - skip))
		[[ $result == PASS || $result == SKIP ]] || ((bad)) || bad=1
		all=($((all[0] + ok)) $((all[1] + bad)) $((all[2] + skip)))
	done < <(find "$1/tests" -name '*.trs')
	echo "${all[@]}"
}

# count_names WORD LOG: how many tests cmocka put this word before.
count_names()
{
	sed -n "s/.*\\[ $1 \\] \\([a-z]\\)/\\1/p" "$2" | sort -u | wc -l
}

# The programs of a build that failed, to run them once more.
failed_programs()
{
	grep -lE '^:global-test-result: (FAIL|ERROR)' -r --include='*.trs' \
		"$1/tests" | sed "s,^$1/,,; s,\\.trs\$,," || :
}

unit()
{
	local name=$1 start=$SECONDS count ok=true again=()

	begin "unit, $name build"
	attend make -C "$work/$name" -j2 check >"$work/unit-$name.log" 2>&1 ||
		ok=false
	mapfile -t again < <(failed_programs "$work/$name")
	if ! $ok; then
		show_end "$work/unit-$name.log" 40
		[[ ! -e $work/$name/test-suite.log ]] ||
			show_end "$work/$name/test-suite.log" 200
	fi
	if ((${#again[@]} && ${#again[@]} <= second_tries)); then
		ok=true
		attend make -C "$work/$name" check TESTS="${again[*]}" \
			>"$work/unit-$name-again.log" 2>&1 || ok=false
		second_try "unit, $name" "${again[@]}"
	fi
	read -r -a count < <(count_unit "$work/$name")
	$ok || ((count[1])) || count[1]=1
	tally "unit, $name" "$start" "${count[@]}"
}

# run_script TIER COMMAND...: its exit status is the verdict, 77 a skip.
run_script()
{
	local tier=$1 start=$SECONDS status=0

	shift
	begin "$tier"
	attend "$@" || status=$?
	case $status in
	0) tally "$tier" "$start" 1 0 0 ;;
	77) tally "$tier" "$start" 0 0 1 ;;
	*) tally "$tier" "$start" 0 1 0 ;;
	esac
}

# What a build made it need, as the dynamic linker sees it.
needed()
{
	readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'
}

# expect_needed PROGRAM NAME WANTED: of all libraries of that name just the
# wanted one.
expect_needed()
{
	local found

	found=$(needed "$1" | grep "^$2" | sed 's/-[0-9].*//; s/\.so.*//' |
		sort -u) || :
	[[ $found == "$3" ]] && return
	echo "$1 needs of $2: \"$found\" instead of \"$3\""
	return 1
}

# As a distribution makes it, for tests/vm/test_systemd.py.
build_package()
{
	build "$work/source" "$work/package" --enable-werror --prefix=/usr \
		--sysconfdir=/etc --localstatedir=/var --runstatedir=/run \
		--with-systemdsystemunitdir=/lib/systemd/system \
		--with-sysusersdir=/usr/lib/sysusers.d \
		--with-systemdnetworkdir=/lib/systemd/network \
		--with-udevrulesdir=/lib/udev/rules.d \
		>"$work/package.log" 2>&1 && return
	show_end "$work/package.log"
	return 1
}

linkage()
{
	local program=$work/release/serial-routerd

	needed "$program"
	expect_needed "$program" libevent libevent_core || return
	expect_needed "$program" libseccomp libseccomp || return
	# No parser of JSON where there is a privilege, and no libevent where
	# there is none.
	expect_needed "$program" libjansson '' || return
	expect_needed "$work/release/serial-routerctl" libevent '' || return
	expect_needed "$work/release/serial-routerctl" libjansson libjansson
}

# The build of a machine where libseccomp does not work, and of a distributor:
# with all directories given.
without_seccomp()
{
	local dir=$work/no-seccomp programs
	local tests=(sandbox sandbox_filter pump pump_proc pump_proc_faults)

	programs=$(printf 'tests/unit/test_%s ' "${tests[@]}")
	mkdir "$dir"
	cd "$dir" || return
	{
		../source/configure --enable-werror --without-seccomp \
			--prefix=/usr --sysconfdir=/etc --localstatedir=/var \
			--with-systemdsystemunitdir=/lib/systemd/system \
			--with-sysusersdir=/usr/lib/sysusers.d \
			--with-bash-completion-dir=no \
			--with-zsh-completion-dir=no CFLAGS=-O1 &&
			make -j2 &&
			make -j2 check TESTS="$programs" check_PROGRAMS="$programs"
	} >"$work/no-seccomp.log" 2>&1 || {
		show_end "$work/no-seccomp.log"
		return 1
	}
	./serial-routerd -V
	./serial-routerd -V | grep -q 'no seccomp' || return
	expect_needed ./serial-routerd libseccomp '' || return
	../source/tests/check-install "$dir"
}

# One target's new inputs stay in a directory of their own; what made it fail
# is printed, since a build machine forgets.
fuzz_one()
{
	local target=$1 name=${1##*/} dirs

	dirs=("$work/corpus/$name")
	mkdir -p "${dirs[0]}"
	[[ ! -d $work/source/tests/fuzz/seeds/${name#fuzz_} ]] ||
		dirs+=("$work/source/tests/fuzz/seeds/${name#fuzz_}")
	if attend "$target" -max_total_time="$fuzz_seconds" -timeout=10 \
		-print_final_stats=1 -artifact_prefix="$work/corpus/$name-" \
		"${dirs[@]}" >"$work/$name.log" 2>&1; then
		printf '%s: %s inputs\n' "$name" "$(sed -n \
			's/^stat::number_of_executed_units: *//p' "$work/$name.log")"
		return 0
	fi
	show_end "$work/$name.log" 80
	find "$work/corpus" -maxdepth 1 -name "$name-*" -type f \
		-exec sh -c 'echo "$1, base64:"; base64 "$1"' sh {} \;
	return 1
}

fuzz()
{
	local start=$SECONDS target good=0 bad=0

	begin "fuzz, $fuzz_seconds s a target"
	for target in "$work"/fuzz/tests/fuzz/fuzz_*; do
		[[ -x $target && -f $target ]] || continue
		if fuzz_one "$target"; then
			good=$((good + 1))
		else
			bad=$((bad + 1))
		fi
	done
	((good + bad)) || {
		echo "no fuzz target was built"
		bad=1
	}
	tally fuzz "$start" "$good" "$bad" 0
}

distcheck()
{
	make -C "$work/release" distcheck >"$work/distcheck.log" 2>&1 && return
	show_end "$work/distcheck.log" 100
	return 1
}

# count_junit FILE: passed, failed and skipped
count_junit()
{
	"$python" - "$1" <<'TEXT'
import sys
import xml.etree.ElementTree as tree

total = {key: 0 for key in ("tests", "failures", "errors", "skipped")}
for suite in tree.parse(sys.argv[1]).iter("testsuite"):
    for key in total:
        total[key] += int(suite.get(key, 0))
bad = total["failures"] + total["errors"]
print(max(total["tests"] - bad - total["skipped"], 0), bad, total["skipped"])
TEXT
}

# What failed in a run of pytest, by the cache that it left.
failed_tests()
{
	"$python" - "$1/v/cache/lastfailed" <<'TEXT'
import json
import os
import sys

if os.path.exists(sys.argv[1]):
    for name in json.load(open(sys.argv[1])):
        print(name)
TEXT
}

# try_pytest BUILD DIR ARGUMENT...: one run; what it leaves is in DIR.
try_pytest()
{
	local build=$1 dir=$2

	shift 2
	attend env -C "$work/source" \
		SERIAL_ROUTERD="$work/$build/serial-routerd" \
		SERIAL_ROUTERCTL="$work/$build/serial-routerctl" \
		NULLMODEM="$work/release/tests/cable/nullmodem" \
		PEEK="$work/release/tests/vm/peek" SR_PACKAGE="$work/package" \
		SR_SANITIZER="$([[ $build != sanitizer ]] || echo 1)" \
		"$python" -m pytest -o cache_dir="$dir/cache" -q -ra \
		--durations=5 --junitxml="$dir/pytest.xml" "$@"
}

# run_pytest TIER BUILD PATH [ARGUMENT]...: a few failures are left for
# try_again.
run_pytest()
{
	local tier=$1 build=$2 start=$SECONDS count=(0 0 0) ok=true dir again

	shift 2
	begin "$tier"
	dir=$(mktemp -d "$work/pytest.XXXXXX")
	try_pytest "$build" "$dir" "$@" || ok=false
	[[ ! -e $dir/pytest.xml ]] ||
		read -r -a count < <(count_junit "$dir/pytest.xml")
	mapfile -t again < <(failed_tests "$dir/cache")
	if ! $ok && ((${#again[@]} && ${#again[@]} <= second_tries)); then
		second_try "$tier" "${again[@]}"
		printf '%q ' "$tier" "$build" "$dir" "$@" >"$dir/again"
		count[1]=0
		ok=true
	fi
	$ok || ((count[1])) || count[1]=1
	tally "$tier" "$start" "${count[@]}"
}

# Once more, what failed beside other tests, now that nothing else runs.
try_again()
{
	local file start tier build dir words lost

	for file in "$work"/pytest.*/again; do
		[[ -e $file ]] || return 0
		start=$SECONDS
		eval "words=($(cat "$file"))"
		tier=${words[0]} build=${words[1]} dir=${words[2]}
		begin "$tier, second try"
		mapfile -t lost < <(failed_tests "$dir/cache")
		words=("${words[@]:3}")
		if try_pytest "$build" "$dir" --lf --lfnf=none "${words[@]}"; then
			tally "$tier, again" "$start" ${#lost[@]} 0 0
		else
			tally "$tier, again" "$start" 0 ${#lost[@]} 0
		fi
		rm "$file"
	done
}
