# bash completion for serial-routerctl                        -*- shell-script -*-

# The names of the links, from the daemon; nothing where it does not answer.
_serial_routerctl_links()
{
	serial-routerctl -t 1 "$@" show --tab 2>/dev/null |
		sed -n '2,$s/\t.*//p'
}

_serial_routerctl()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local i command='' words='' daemon=()

	COMPREPLY=()
	case $prev in
	-s | --socket | -c | --config | --textfile)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	-t | --timeout | -d | --delay | -n | --count | --confirm) return ;;
	esac
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-s | --socket | -c | --config)
			daemon=("${COMP_WORDS[i]}" "${COMP_WORDS[++i]}")
			;;
		-t | --timeout | -d | --delay | -n | --count | --confirm | \
			--textfile) ((++i)) ;;
		-*) ;;
		*) command=${command:-${COMP_WORDS[i]}} ;;
		esac
	done
	if [[ $cur == -* ]]; then
		case $command in
		'') words='-s --socket -c --config -t --timeout -V --version -h --help' ;;
		show) words='--json --tab --rates --delay' ;;
		top) words='--delay --count' ;;
		reload) words='--confirm --json' ;;
		metrics) words='--textfile' ;;
		check | diff | support | help) ;;
		*) words='--json' ;;
		esac
	else
		case $command in
		'') words='show top watch start stop restart config check diff
			reload confirm undo log metrics support version help' ;;
		show | start | stop | restart)
			words=$(_serial_routerctl_links "${daemon[@]}")
			;;
		log) words='err warn info debug' ;;
		check | diff)
			compopt -o filenames 2>/dev/null
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
			return
			;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _serial_routerctl serial-routerctl
