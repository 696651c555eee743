# Completions of codegenctl for bash. A test holds them against the command table.

_codegenctl() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local command= options= words= i
	local global='--help --json --no-color --quiet --socket --timeout --user --version'
	local commands='check cleanup completion config explain export help import incident incidents pause ready redact reload report reports resume run scan schedule status submit task tasks version watch'

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--socket | --timeout) ((i++)) ;;
		-*) ;;
		*)
			command=${COMP_WORDS[i]}
			break
			;;
		esac
	done
	case $command in
	check)
		options='--all'
		;;
	cleanup)
		options='--dry-run --force --older-than'
		;;
	completion)
		words='bash zsh fish'
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
		options='--since'
		;;
	esac
	case $command$prev in
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
	*--coverage | *--lint | *--log | *--security | *--socket | *--spool-directory | *--tests | import* | export* | scan*)
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
