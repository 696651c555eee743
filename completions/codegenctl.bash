# Completions of codegenctl for bash. A test holds them against the command table.

# The command line up to the cursor, into `line`, as the program will see it: bash takes "--option=value" for three words.
_codegenctl_split() {
	local i

	for ((i = 0; i <= COMP_CWORD; i++)); do
		if [[ ${COMP_WORDS[i]} == = && ${COMP_WORDS[i - 1]} == --* ]]; then
			((i < COMP_CWORD)) || line+=('')
		else
			line+=("${COMP_WORDS[i]}")
		fi
	done
}

# Asks the daemon that the command line means: tasks, incidents, reports or config. Silent when nobody answers at once.
_codegenctl_ask() {
	local where=() i

	for ((i = 1; i < ${#line[@]} - 1; i++)); do
		case ${line[i]} in
		--user) where+=(--user) ;;
		--socket) where+=(--socket "${line[i + 1]}") ;;
		esac
	done
	"${COMP_WORDS[0]}" "${where[@]}" --timeout 1 "$@" 2>/dev/null
}

# The ids of the newest of each kind.
_codegenctl_ids() {
	local kind id rest

	for kind; do
		_codegenctl_ask "$kind" --limit 50 | while read -r id rest; do
			[[ $id == ID ]] || echo "$id"
		done
	done
}

# Those of the newest incidents, and those that a section of the configuration names.
_codegenctl_projects() {
	local first second rest

	_codegenctl_ask incidents --limit 50 | while read -r first second rest; do
		[[ $first == ID ]] || echo "$second"
	done
	_codegenctl_ask config | while read -r first second rest; do
		second=${second//\"/}
		[[ $first != project ]] || echo "$second"
	done
}

# Completes what is read, as far as it means nothing to the shell: anybody may have named a project.
_codegenctl_reply() {
	local word

	while read -r word; do
		[[ $word != "$cur"* || $word == *[^A-Za-z0-9._/-]* ]] || COMPREPLY+=("$word")
	done
}

_codegenctl() {
	local line=()
	_codegenctl_split
	local cur=${line[-1]} prev=${line[-2]}
	local command= options= words= i
	COMPREPLY=()
	local global='--help --json --no-color --quiet --socket --timeout --user --version'
	local commands='backup check cleanup completion config digest doctor explain export help import incident incidents metrics pause ready redact reload report report-page reports resume run scan schedule stats status submit task tasks top version watch'

	for ((i = 1; i < ${#line[@]} - 1; i++)); do
		case ${line[i]} in
		--socket | --timeout) ((i++)) ;;
		-*) ;;
		*)
			command=${line[i]}
			break
			;;
		esac
	done
	# The command that "run" runs has options of its own, which bash-completion knows.
	for ((; i < COMP_CWORD; i++)); do
		if [[ $command == run && ${COMP_WORDS[i]} == -- ]]; then
			if declare -F _command_offset >/dev/null; then
				_command_offset $((i + 1))
			else
				compopt -o default
			fi
			return
		fi
	done
	case $command in
	backup)
		options='--force'
		;;
	check)
		options='--all'
		;;
	cleanup)
		options='--dry-run --force --older-than'
		;;
	completion)
		words='bash zsh fish'
		;;
	digest)
		options='--project --since --until'
		;;
	help)
		words=$commands
		;;
	incident)
		words='show close release retry'
		;;
	incidents)
		options='--limit --project --state'
		;;
	ready)
		options='--branch --project --pull-request --wait'
		;;
	report)
		words='show'
		;;
	report-page)
		options='--output --project --since --until'
		;;
	reports)
		options='--incident --limit --project'
		;;
	run)
		options='--branch --build-number --build-url --command --commit
			--coverage --head-repository --job --key --lint --project
			--pull-request --security --spool-directory --step --strict
			--tests'
		;;
	schedule)
		options='--branch --build-number --commit --delay --instructions --project'
		;;
	stats)
		options='--branch --project --prometheus --recompute --since --until'
		;;
	submit)
		options='--branch --build-number --build-url --command --commit
			--coverage --exit-code --head-repository --job --key --lint
			--log --passed --project --pull-request --security
			--spool-directory --step --strict --tests'
		words='lint_failure type_check_failure build_failure test_failure security_scan_failure
			deploy_failure infra_failure unknown_failure'
		;;
	task)
		options='--delay'
		words='show run cancel retry snooze'
		;;
	tasks)
		options='--incident --limit --status --type'
		;;
	watch)
		options='--last --since'
		;;
	esac
	case $command$prev in
	*--project | pausepause | resumeresume)
		_codegenctl_reply < <(_codegenctl_projects)
		return
		;;
	*--incident)
		_codegenctl_reply < <(_codegenctl_ids incidents)
		return
		;;
	explainexplain)
		_codegenctl_reply < <(_codegenctl_ids incidents tasks)
		return
		;;
	incidentshow | incidentclose | incidentrelease | incidentretry)
		_codegenctl_reply < <(_codegenctl_ids incidents)
		return
		;;
	reportshow)
		_codegenctl_reply < <(_codegenctl_ids reports)
		return
		;;
	taskshow | taskrun | taskcancel | taskretry | tasksnooze)
		_codegenctl_reply < <(_codegenctl_ids tasks)
		return
		;;
	tasks--status)
		COMPREPLY=($(compgen -W 'scheduled executing completed failed cancelled' -- "$cur"))
		return
		;;
	tasks--type)
		COMPREPLY=($(compgen -W 'publish_report trigger_agent pr_readiness_check notify' -- "$cur"))
		return
		;;
	incidents--state)
		COMPREPLY=($(compgen -W 'open waiting resolved escalated abandoned' -- "$cur"))
		return
		;;
	*--coverage | *--lint | *--log | *--output | report-page-o | *--security | *--socket | *--spool-directory | *--tests | backup* | import* | export* | scan*)
		if [[ $cur != -* ]]; then
			compopt -o default
			return
		fi
		;;
	esac
	if [[ $cur == -* ]]; then
		COMPREPLY=($(compgen -W "$options $global" -- "$cur"))
	elif [[ -z $command ]]; then
		COMPREPLY=($(compgen -W "$commands" -- "$cur"))
	elif [[ $prev == "$command" ]]; then
		COMPREPLY=($(compgen -W "$words" -- "$cur"))
	fi
}
complete -F _codegenctl codegenctl
