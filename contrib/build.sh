# shellcheck shell=bash disable=SC2034
# What contrib/demo and tests/run share: the packages of Debian 12 that a
# build and a test need, and a build that leaves the source tree alone.

packages_build=(
	autoconf automake gcc libc6-dev make pkg-config
	libconfig-dev libevent-dev libjansson-dev libnl-3-dev libseccomp-dev
	libserialport-dev
)
packages_demo=(iperf3 iproute2 iputils-ping)
packages_test=(
	clang gcc-multilib gnuplot-nox libclang-rt-14-dev libcmocka-dev musl-tools
	procps python3 python3-pyroute2 python3-pytest
	mandoc ser2net socat strace tcpdump zsh
)

# What tests/vm makes its guest of, and runs it with; the kernel is downloaded,
# not installed.
packages_vm=(
	busybox-static dash iperf3 iproute2 iputils-ping kmod mmdebstrap net-tools
	qemu-system-x86 setserial socat
)

die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# Installs those of the packages that are missing.
install_packages()
{
	local package missing=()

	command -v apt-get >/dev/null ||
		die "no apt-get here; install what $* stand for, and say --no-install"
	for package in "$@"; do
		[[ $(dpkg-query -W -f '${db:Status-Status}' "$package" \
			2>/dev/null) == installed ]] || missing+=("$package")
	done
	((${#missing[@]})) || return 0
	((EUID == 0)) ||
		die "only root can install what is missing: ${missing[*]}"
	echo "installing ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -q
	apt-get install -q -y --no-install-recommends "${missing[@]}"
}

# Copies the source tree, without what was built in it, and makes it ready for
# configure.  What a careless umask made writable for everybody is so no more:
# as configurations such files are refused.
copy_source()
{
	local from=$1 to=$2

	mkdir -p "$to"
	if git -C "$from" rev-parse >/dev/null 2>&1 && [[ -e $from/.git ]]; then
		git -C "$from" ls-files -z --cached --others --exclude-standard |
			(cd "$from" && tar -c --mode=go-w --null \
				--ignore-failed-read -T - 2>/dev/null) |
			tar -x -C "$to" || return
	else
		tar -c --mode=go-w -C "$from" --exclude=.git . |
			tar -x -C "$to" || return
		[[ ! -e $to/Makefile ]] || make -C "$to" -s distclean
	fi
	[[ -x $to/configure ]] || "$to/bootstrap"
}

# build SOURCE DIR [CONFIGURE ARGUMENT...]: all that make makes, and what tests
# need besides.
build()
{
	local source=$1 dir=$2

	shift 2
	mkdir -p "$dir"
	(cd "$dir" && "$source/configure" "$@") || return
	make -C "$dir" -j2 all tests/cable/nullmodem tests/vm/peek
}

# Jobs, each a process group of its own: a signal to the script is answered at
# once, and nothing that a job has started is left behind.
set -m
jobs_running=()

# start_job COMMAND...: its process id is the last of jobs_running.
start_job()
{
	"$@" &
	jobs_running+=($!)
}

# wait_job PID
wait_job()
{
	local status=0 pid left=()

	wait "$1" || status=$?
	for pid in "${jobs_running[@]}"; do
		[[ $pid == "$1" ]] || left+=("$pid")
	done
	jobs_running=("${left[@]}")
	return $status
}

# attend COMMAND...
attend()
{
	start_job "$@"
	wait_job "${jobs_running[-1]}"
}

job_is_left()
{
	local pid

	for pid in "${jobs_running[@]}"; do
		! kill -0 -- "-$pid" 2>/dev/null || return 0
	done
	return 1
}

signal_jobs()
{
	local pid

	for pid in "${jobs_running[@]}"; do
		kill "$1" -- "-$pid" 2>/dev/null || :
	done
}

# Asks all jobs to end, and ends those that have not after twenty seconds.
end_jobs()
{
	local deadline=$((SECONDS + 20))

	signal_jobs -INT
	while job_is_left && ((SECONDS < deadline)); do
		sleep 0.05
	done
	signal_jobs -KILL
	wait 2>/dev/null || :
	jobs_running=()
}

# wait_until SECONDS WHAT COMMAND...: runs the command until it succeeds.
wait_until()
{
	local deadline=$((SECONDS + $1)) what=$2

	shift 2
	until "$@"; do
		if ((SECONDS > deadline)); then
			echo "gave up waiting for $what" >&2
			return 1
		fi
		sleep 0.05
	done
}
