#compdef codegenctl
# Completions of codegenctl for zsh. A test holds them against the command table.

# Asks the daemon that the command line means: tasks, incidents, reports or config. Silent when nobody answers at once.
_codegenctl_ask() {
	command $program $where --timeout 1 "$@" 2>/dev/null
}

# The ids of the newest of each kind.
_codegenctl_ids() {
	local kind
	local -a lines ids

	for kind; do
		lines=(${(f)"$(_codegenctl_ask $kind --limit 50)"})
		ids+=(${lines[2,-1]%% *})
	done
	compadd -a ids
}

# Those of the newest incidents, and those that a section of the configuration names.
_codegenctl_projects() {
	local line
	local -a words projects

	for line in ${${(f)"$(_codegenctl_ask incidents --limit 50)"}[2,-1]}; do
		words=(${=line})
		projects+=($words[2])
	done
	for line in ${(M)${(f)"$(_codegenctl_ask config)"}:#project *}; do
		words=(${=line})
		projects+=(${${words[2]//\"/}:#*[*?[]*})
	done
	compadd -a projects
}

_codegenctl() {
	local program=$words[1]
	local context state line command
	local -A opt_args
	local -a global subcommands where # $commands is zsh's own, and _normal asks it

	global=(
		'--help[show help, of the command when one is given]'
		'--json[print JSON\: one document, or one object a line]'
		'--no-color[no colours on a terminal (as with $NO_COLOR)]'
		'--quiet[print nothing for people, only errors and JSON]'
		'--socket=[the daemon'\''s socket (else $CODEGEN_SOCKET)]:PATH:_files'
		'--timeout=[how long to wait for an answer; 0\: for ever]:SECONDS: '
		'--user[talk to this user'\''s own daemon]'
		'--version[show the version of codegenctl]'
	)
	subcommands=(
		'backup:copy the database into a file, while the daemon runs'
		'check:execute every due task now and wait'
		'cleanup:remove old finished tasks'
		'completion:print the completions for a shell'
		'config:print the settings in force, and where each comes from'
		'digest:yesterday in a few lines of Markdown'
		'doctor:what is wrong, here and in the daemon, and what to do about it'
		'explain:why a task or incident is where it is, and what happens next'
		'export:write all tasks and reports as files'
		'help:show help, of one command when it is given'
		'import:take over task and report files, old and new'
		'incident:show, close, release or retry an incident'
		'incidents:list what is under repair'
		'metrics:what the daemon counts of itself, for Prometheus'
		'pause:stop publishing, triggering and checking'
		'ready:the verdict on a branch or pull request, with reasons and proof'
		'redact:copy standard input to standard output without secrets'
		'reload:read the configuration again'
		'report:show a report'
		'report-page:write health, open incidents and trends as one HTML page'
		'reports:list what CI said'
		'resume:go on after a pause'
		'run:run a step\: its output and exit code unchanged, a report at its end'
		'scan:say what a log says, without a daemon'
		'schedule:schedule a readiness check by hand'
		'stats:how repair and pipelines do\: times, rates, trends'
		'status:health at a glance'
		'submit:report a failed step, or a passed build'
		'task:show a task or act on it'
		'tasks:list the queue'
		'top:what runs and what waits, live in the terminal'
		'version:show the versions of client and daemon'
		'watch:print events as they happen'
	)
	_arguments -C $global '1: :->command' '*:: :->arguments' && return
	if [[ $state == command ]]; then
		_describe command subcommands
		return
	fi
	command=$words[1]
	(( $+opt_args[--user] )) && where+=(--user)
	(( $+opt_args[--socket] )) && where+=(--socket ${(Q)opt_args[--socket]})
	case $command in
	backup)
		_arguments $global \
			'--force[replace a file of that name]' \
			'1:file:_files'
		;;
	check)
		_arguments $global \
			'--all[also the tasks that are not due yet]'
		;;
	cleanup)
		_arguments $global \
			'--dry-run[only count]' \
			'--force[also tasks that are stuck in executing]' \
			'--older-than=[finished before that long ago, such as 7d]:DURATION: '
		;;
	completion)
		_arguments $global \
			'1:what:(bash zsh fish)'
		;;
	digest)
		_arguments $global \
			'--project=[only of that project]:PROJECT: _codegenctl_projects' \
			'--since=[from then on, or so many days before today, such as 7d (1d)]:TIME: ' \
			'--until=[up to then (yesterday, or now when --since is a time)]:TIME: '
		;;
	explain)
		_arguments $global \
			'1:id: _codegenctl_ids incidents tasks'
		;;
	export)
		_arguments $global \
			'1:directory:_directories'
		;;
	help)
		_arguments $global \
			"1:command:(${subcommands[*]%%:*})"
		;;
	import)
		_arguments $global \
			'1:directory:_directories'
		;;
	incident)
		_arguments $global \
			'1:what:(show close release retry)' \
			'2:id: _codegenctl_ids incidents'
		;;
	incidents)
		_arguments $global \
			'--limit=[at most N of them, 0 for all (100)]:N: ' \
			'--project=[only of that project]:PROJECT: _codegenctl_projects' \
			'--state=[open, waiting, resolved, escalated or abandoned]:STATE:(open waiting resolved escalated abandoned)'
		;;
	pause | resume)
		_arguments $global \
			'1:project: _codegenctl_projects'
		;;
	ready)
		_arguments $global \
			'--branch=[the branch (else git'\''s)]:BRANCH: ' \
			'--project=[the project (else from git'\''s remote)]:PROJECT: _codegenctl_projects' \
			'--pull-request=[the pull request, instead of a branch]:N: ' \
			'--wait[wait until it is ready or cannot become so by itself]'
		;;
	report)
		_arguments $global \
			'1:what:(show)' \
			'2:id: _codegenctl_ids reports'
		;;
	report-page)
		_arguments $global \
			'(-o --output)'{-o,--output=}'[the file to write (also -o); - is standard output]:FILE:_files' \
			'--project=[only of that project]:PROJECT: _codegenctl_projects' \
			'--since=[from then on, or for that long, such as 7d (30d)]:TIME: ' \
			'--until=[up to then (now)]:TIME: '
		;;
	reports)
		_arguments $global \
			'--incident=[only of that incident]:ID: _codegenctl_ids incidents' \
			'--limit=[at most N of them, 0 for all (100)]:N: ' \
			'--project=[only of that project]:PROJECT: _codegenctl_projects'
		;;
	run)
		_arguments $global \
			'--branch=[the branch that was built (else the CI'\''s, git'\''s)]:BRANCH: ' \
			'--build-number=[the build'\''s number (else the CI'\''s)]:N: ' \
			'--build-url=[where the build can be seen (else the CI'\''s)]:URL: ' \
			'--command=[the command, as it is to be shown]:COMMAND: ' \
			'--commit=[the commit that was built (else the CI'\''s, git'\''s)]:COMMIT: ' \
			'--coverage=[a coverage report the step wrote]:FILE:_files' \
			'--head-repository=[owner/name of the fork a pull request is from]:NAME: ' \
			'--job=[the CI job, matrix legs apart (else the CI'\''s)]:NAME: ' \
			'--key=[makes it idempotent\: the same key is one submission]:KEY: ' \
			'--lint=[lint results the step wrote]:FILE:_files' \
			'--project=[owner/name (else the CI'\''s, git'\''s remote)]:PROJECT: _codegenctl_projects' \
			'--pull-request=[the pull request'\''s number (else the CI'\''s)]:N: ' \
			'--security=[security scan results the step wrote]:FILE:_files' \
			'--spool-directory=[where it waits when no daemon answers]:DIR:_directories' \
			'--step=[the step of the job (else the command)]:NAME: ' \
			'--strict[fail when the report was not taken]' \
			'--tests=[test results the step wrote]:FILE:_files' \
			'*:: :_normal'
		;;
	scan)
		_arguments $global \
			'1:log:_files'
		;;
	schedule)
		_arguments $global \
			'--branch=[the branch to check (else git'\''s)]:BRANCH: ' \
			'--build-number=[the build'\''s number]:N: ' \
			'--commit=[the commit (else git'\''s)]:COMMIT: ' \
			'--delay=[due after that long, such as 30m (1h)]:DURATION: ' \
			'--instructions=[what to look at, for whoever repairs]:TEXT: ' \
			'--project=[the project (else from git'\''s remote)]:PROJECT: _codegenctl_projects'
		;;
	stats)
		_arguments $global \
			'--branch=[only of that branch of --project]:BRANCH: ' \
			'--project=[only of that project]:PROJECT: _codegenctl_projects' \
			'--prometheus[print them in the Prometheus text format]' \
			'--recompute[compute everything anew out of the event log first]' \
			'--since=[from then on, or for that long, such as 7d (30d)]:TIME: ' \
			'--until=[up to then (now)]:TIME: '
		;;
	submit)
		_arguments $global \
			'--branch=[the branch that was built (else the CI'\''s, git'\''s)]:BRANCH: ' \
			'--build-number=[the build'\''s number (else the CI'\''s)]:N: ' \
			'--build-url=[where the build can be seen (else the CI'\''s)]:URL: ' \
			'--command=[the command, as it is to be shown]:COMMAND: ' \
			'--commit=[the commit that was built (else the CI'\''s, git'\''s)]:COMMIT: ' \
			'--coverage=[a coverage report the step wrote]:FILE:_files' \
			'--exit-code=[what the command returned]:N: ' \
			'--head-repository=[owner/name of the fork a pull request is from]:NAME: ' \
			'--job=[the CI job, matrix legs apart (else the CI'\''s)]:NAME: ' \
			'--key=[makes it idempotent\: the same key is one submission]:KEY: ' \
			'--lint=[lint results the step wrote]:FILE:_files' \
			'--log=[the step'\''s output; - reads it from standard input]:FILE:_files' \
			'--passed[report a green build instead of a failure]' \
			'--project=[owner/name (else the CI'\''s, git'\''s remote)]:PROJECT: _codegenctl_projects' \
			'--pull-request=[the pull request'\''s number (else the CI'\''s)]:N: ' \
			'--security=[security scan results the step wrote]:FILE:_files' \
			'--spool-directory=[where it waits when no daemon answers]:DIR:_directories' \
			'--step=[the step of the job (else the command)]:NAME: ' \
			'--strict[fail when the report was not taken]' \
			'--tests=[test results the step wrote]:FILE:_files' \
			'1:type:(lint_failure type_check_failure build_failure test_failure security_scan_failure deploy_failure infra_failure unknown_failure)' \
			'2:details: '
		;;
	task)
		_arguments $global \
			'--delay=[with snooze\: due that long from now (1h)]:DURATION: ' \
			'1:what:(show run cancel retry snooze)' \
			'2:id: _codegenctl_ids tasks'
		;;
	tasks)
		_arguments $global \
			'--incident=[only of that incident]:ID: _codegenctl_ids incidents' \
			'--limit=[at most N of them, 0 for all (100)]:N: ' \
			'--status=[scheduled, executing, completed, failed or cancelled]:STATUS:(scheduled executing completed failed cancelled)' \
			'--type=[publish_report, trigger_agent, pr_readiness_check or notify]:TYPE:(publish_report trigger_agent pr_readiness_check notify)'
		;;
	watch)
		_arguments $global \
			'--last=[first the last N events]:N: ' \
			'--since=[first the events after number N]:N: '
		;;
	*)
		_arguments $global
		;;
	esac
}

_codegenctl "$@"
