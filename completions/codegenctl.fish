# Completions of codegenctl for fish. A test holds them against the command table.

# Asks the daemon that the command line means: tasks, incidents, reports or config. Silent when nobody answers at once.
function __codegenctl_ask
	set --local words (commandline -opc)
	set --local where
	for i in (seq 2 (count $words))
		switch $words[$i]
			case --user
				set where $where --user
			case --socket
				set where $where --socket $words[(math $i + 1)]
			case '--socket=*'
				set where $where $words[$i]
		end
	end
	command $words[1] $where --timeout 1 $argv 2>/dev/null
end

# The ids of the newest of each kind.
function __codegenctl_ids
	for kind in $argv
		__codegenctl_ask $kind --limit 50 | string match -r '^[a-z]+-\\S+'
	end
end

# Those of the newest incidents, and those that a section of the configuration names.
function __codegenctl_projects
	__codegenctl_ask incidents --limit 50 | string replace -rf '^incident-\\S+\\s+(\\S+).*' '$1'
	__codegenctl_ask config | string replace -rf '^project "?([^"*?[ ]+)"? .*' '$1'
end

complete -c codegenctl -f

complete -c codegenctl -l help -d 'show help, of the command when one is given'
complete -c codegenctl -l json -d 'print JSON: one document, or one object a line'
complete -c codegenctl -l no-color -d 'no colours on a terminal (as with $NO_COLOR)'
complete -c codegenctl -l quiet -d 'print nothing for people, only errors and JSON'
complete -c codegenctl -l socket -r -F -d 'the daemon\'s socket (else $CODEGEN_SOCKET)'
complete -c codegenctl -l timeout -x -d 'how long to wait for an answer; 0: for ever'
complete -c codegenctl -l user -d 'talk to this user\'s own daemon'
complete -c codegenctl -l version -d 'show the version of codegenctl'

complete -c codegenctl -n __fish_use_subcommand -a backup -d 'copy the database into a file, while the daemon runs'
complete -c codegenctl -n __fish_use_subcommand -a check -d 'execute every due task now and wait'
complete -c codegenctl -n __fish_use_subcommand -a cleanup -d 'remove old finished tasks'
complete -c codegenctl -n __fish_use_subcommand -a completion -d 'print the completions for a shell'
complete -c codegenctl -n __fish_use_subcommand -a config -d 'print the settings in force, and where each comes from'
complete -c codegenctl -n __fish_use_subcommand -a digest -d 'yesterday in a few lines of Markdown'
complete -c codegenctl -n __fish_use_subcommand -a doctor -d 'what is wrong, here and in the daemon, and what to do about it'
complete -c codegenctl -n __fish_use_subcommand -a explain -d 'why a task or incident is where it is, and what happens next'
complete -c codegenctl -n __fish_use_subcommand -a export -d 'write all tasks and reports as files'
complete -c codegenctl -n __fish_use_subcommand -a help -d 'show help, of one command when it is given'
complete -c codegenctl -n __fish_use_subcommand -a import -d 'take over task and report files, old and new'
complete -c codegenctl -n __fish_use_subcommand -a incident -d 'show, close, release or retry an incident'
complete -c codegenctl -n __fish_use_subcommand -a incidents -d 'list what is under repair'
complete -c codegenctl -n __fish_use_subcommand -a metrics -d 'what the daemon counts of itself, for Prometheus'
complete -c codegenctl -n __fish_use_subcommand -a pause -d 'stop publishing, triggering and checking'
complete -c codegenctl -n __fish_use_subcommand -a ready -d 'the verdict on a branch or pull request, with reasons and proof'
complete -c codegenctl -n __fish_use_subcommand -a redact -d 'copy standard input to standard output without secrets'
complete -c codegenctl -n __fish_use_subcommand -a reload -d 'read the configuration again'
complete -c codegenctl -n __fish_use_subcommand -a report -d 'show a report'
complete -c codegenctl -n __fish_use_subcommand -a report-page -d 'write health, open incidents and trends as one HTML page'
complete -c codegenctl -n __fish_use_subcommand -a reports -d 'list what CI said'
complete -c codegenctl -n __fish_use_subcommand -a resume -d 'go on after a pause'
complete -c codegenctl -n __fish_use_subcommand -a run -d 'run a step: its output and exit code unchanged, a report at its end'
complete -c codegenctl -n __fish_use_subcommand -a scan -d 'say what a log says, without a daemon'
complete -c codegenctl -n __fish_use_subcommand -a schedule -d 'schedule a readiness check by hand'
complete -c codegenctl -n __fish_use_subcommand -a stats -d 'how repair and pipelines do: times, rates, trends'
complete -c codegenctl -n __fish_use_subcommand -a status -d 'health at a glance'
complete -c codegenctl -n __fish_use_subcommand -a submit -d 'report a failed step, or a passed build'
complete -c codegenctl -n __fish_use_subcommand -a task -d 'show a task or act on it'
complete -c codegenctl -n __fish_use_subcommand -a tasks -d 'list the queue'
complete -c codegenctl -n __fish_use_subcommand -a top -d 'what runs and what waits, live in the terminal'
complete -c codegenctl -n __fish_use_subcommand -a version -d 'show the versions of client and daemon'
complete -c codegenctl -n __fish_use_subcommand -a watch -d 'print events as they happen'

complete -c codegenctl -n '__fish_seen_subcommand_from backup' -l force -d 'replace a file of that name'

complete -c codegenctl -n '__fish_seen_subcommand_from check' -l all -d 'also the tasks that are not due yet'

complete -c codegenctl -n '__fish_seen_subcommand_from cleanup' -l dry-run -d 'only count'
complete -c codegenctl -n '__fish_seen_subcommand_from cleanup' -l force -d 'also tasks that are stuck in executing'
complete -c codegenctl -n '__fish_seen_subcommand_from cleanup' -l older-than -x -d 'finished before that long ago, such as 7d'

complete -c codegenctl -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'

complete -c codegenctl -n '__fish_seen_subcommand_from digest' -l project -x -a '(__codegenctl_projects)' -d 'only of that project'
complete -c codegenctl -n '__fish_seen_subcommand_from digest' -l since -x -d 'from then on, or so many days before today, such as 7d (1d)'
complete -c codegenctl -n '__fish_seen_subcommand_from digest' -l until -x -d 'up to then (yesterday, or now when --since is a time)'

complete -c codegenctl -n '__fish_seen_subcommand_from explain' -a '(__codegenctl_ids incidents tasks)'

complete -c codegenctl -n '__fish_seen_subcommand_from pause resume' -a '(__codegenctl_projects)'

complete -c codegenctl -n '__fish_seen_subcommand_from incident; and not __fish_seen_subcommand_from show close release retry' -a 'show close release retry'
complete -c codegenctl -n '__fish_seen_subcommand_from incident; and __fish_seen_subcommand_from show close release retry' -a '(__codegenctl_ids incidents)'

complete -c codegenctl -n '__fish_seen_subcommand_from incidents' -l limit -x -d 'at most N of them, 0 for all (100)'
complete -c codegenctl -n '__fish_seen_subcommand_from incidents' -l project -x -a '(__codegenctl_projects)' -d 'only of that project'
complete -c codegenctl -n '__fish_seen_subcommand_from incidents' -l state -x -a 'open waiting resolved escalated abandoned' -d 'open, waiting, resolved, escalated or abandoned'

complete -c codegenctl -n '__fish_seen_subcommand_from ready' -l branch -x -d 'the branch (else git\'s)'
complete -c codegenctl -n '__fish_seen_subcommand_from ready' -l project -x -a '(__codegenctl_projects)' -d 'the project (else from git\'s remote)'
complete -c codegenctl -n '__fish_seen_subcommand_from ready' -l pull-request -x -d 'the pull request, instead of a branch'
complete -c codegenctl -n '__fish_seen_subcommand_from ready' -l wait -d 'wait until it is ready or cannot become so by itself'

complete -c codegenctl -n '__fish_seen_subcommand_from report; and not __fish_seen_subcommand_from show' -a 'show'
complete -c codegenctl -n '__fish_seen_subcommand_from report; and __fish_seen_subcommand_from show' -a '(__codegenctl_ids reports)'

complete -c codegenctl -n '__fish_seen_subcommand_from report-page' -s o -l output -r -F -d 'the file to write (also -o); - is standard output'
complete -c codegenctl -n '__fish_seen_subcommand_from report-page' -l project -x -a '(__codegenctl_projects)' -d 'only of that project'
complete -c codegenctl -n '__fish_seen_subcommand_from report-page' -l since -x -d 'from then on, or for that long, such as 7d (30d)'
complete -c codegenctl -n '__fish_seen_subcommand_from report-page' -l until -x -d 'up to then (now)'

complete -c codegenctl -n '__fish_seen_subcommand_from reports' -l incident -x -a '(__codegenctl_ids incidents)' -d 'only of that incident'
complete -c codegenctl -n '__fish_seen_subcommand_from reports' -l limit -x -d 'at most N of them, 0 for all (100)'
complete -c codegenctl -n '__fish_seen_subcommand_from reports' -l project -x -a '(__codegenctl_projects)' -d 'only of that project'

complete -c codegenctl -n '__fish_seen_subcommand_from run; and not __fish_seen_subcommand_from task' -l branch -x -d 'the branch that was built (else the CI\'s, git\'s)'
complete -c codegenctl -n '__fish_seen_subcommand_from run; and not __fish_seen_subcommand_from task' -l build-number -x -d 'the build\'s number (else the CI\'s)'
complete -c codegenctl -n '__fish_seen_subcommand_from run; and not __fish_seen_subcommand_from task' -l build-url -x -d 'where the build can be seen (else the CI\'s)'
complete -c codegenctl -n '__fish_seen_subcommand_from run; and not __fish_seen_subcommand_from task' -l command -x -d 'the command, as it is to be shown'
complete -c codegenctl -n '__fish_seen_subcommand_from run; and not __fish_seen_subcommand_from task' -l commit -x -d 'the commit that was built (else the CI\'s, git\'s)'
complete -c codegenctl -n '__fish_seen_subcommand_from run; and not __fish_seen_subcommand_from task' -l coverage -r -F -d 'a coverage report the step wrote'
complete -c codegenctl -n '__fish_seen_subcommand_from run; and not __fish_seen_subcommand_from task' -l head-repository -x -d 'owner/name of the fork a pull request is from'
complete -c codegenctl -n '__fish_seen_subcommand_from run; and not __fish_seen_subcommand_from task' -l job -x -d 'the CI job, matrix legs apart (else the CI\'s)'
complete -c codegenctl -n '__fish_seen_subcommand_from run; and not __fish_seen_subcommand_from task' -l key -x -d 'makes it idempotent: the same key is one submission'
complete -c codegenctl -n '__fish_seen_subcommand_from run; and not __fish_seen_subcommand_from task' -l lint -r -F -d 'lint results the step wrote'
complete -c codegenctl -n '__fish_seen_subcommand_from run; and not __fish_seen_subcommand_from task' -l project -x -a '(__codegenctl_projects)' -d 'owner/name (else the CI\'s, git\'s remote)'
complete -c codegenctl -n '__fish_seen_subcommand_from run; and not __fish_seen_subcommand_from task' -l pull-request -x -d 'the pull request\'s number (else the CI\'s)'
complete -c codegenctl -n '__fish_seen_subcommand_from run; and not __fish_seen_subcommand_from task' -l security -r -F -d 'security scan results the step wrote'
complete -c codegenctl -n '__fish_seen_subcommand_from run; and not __fish_seen_subcommand_from task' -l spool-directory -r -F -d 'where it waits when no daemon answers'
complete -c codegenctl -n '__fish_seen_subcommand_from run; and not __fish_seen_subcommand_from task' -l step -x -d 'the step of the job (else the command)'
complete -c codegenctl -n '__fish_seen_subcommand_from run; and not __fish_seen_subcommand_from task' -l strict -d 'fail when the report was not taken'
complete -c codegenctl -n '__fish_seen_subcommand_from run; and not __fish_seen_subcommand_from task' -l tests -r -F -d 'test results the step wrote'
complete -c codegenctl -n '__fish_seen_subcommand_from run; and not __fish_seen_subcommand_from task' -a '(__fish_complete_subcommand --fcs-skip=2)'

complete -c codegenctl -n '__fish_seen_subcommand_from schedule' -l branch -x -d 'the branch to check (else git\'s)'
complete -c codegenctl -n '__fish_seen_subcommand_from schedule' -l build-number -x -d 'the build\'s number'
complete -c codegenctl -n '__fish_seen_subcommand_from schedule' -l commit -x -d 'the commit (else git\'s)'
complete -c codegenctl -n '__fish_seen_subcommand_from schedule' -l delay -x -d 'due after that long, such as 30m (1h)'
complete -c codegenctl -n '__fish_seen_subcommand_from schedule' -l instructions -x -d 'what to look at, for whoever repairs'
complete -c codegenctl -n '__fish_seen_subcommand_from schedule' -l project -x -a '(__codegenctl_projects)' -d 'the project (else from git\'s remote)'

complete -c codegenctl -n '__fish_seen_subcommand_from submit' -a 'lint_failure type_check_failure build_failure test_failure security_scan_failure deploy_failure infra_failure unknown_failure'
complete -c codegenctl -n '__fish_seen_subcommand_from stats' -l branch -x -d 'only of that branch of --project'
complete -c codegenctl -n '__fish_seen_subcommand_from stats' -l project -x -a '(__codegenctl_projects)' -d 'only of that project'
complete -c codegenctl -n '__fish_seen_subcommand_from stats' -l prometheus -d 'print them in the Prometheus text format'
complete -c codegenctl -n '__fish_seen_subcommand_from stats' -l recompute -d 'compute everything anew out of the event log first'
complete -c codegenctl -n '__fish_seen_subcommand_from stats' -l since -x -d 'from then on, or for that long, such as 7d (30d)'
complete -c codegenctl -n '__fish_seen_subcommand_from stats' -l until -x -d 'up to then (now)'

complete -c codegenctl -n '__fish_seen_subcommand_from submit' -l branch -x -d 'the branch that was built (else the CI\'s, git\'s)'
complete -c codegenctl -n '__fish_seen_subcommand_from submit' -l build-number -x -d 'the build\'s number (else the CI\'s)'
complete -c codegenctl -n '__fish_seen_subcommand_from submit' -l build-url -x -d 'where the build can be seen (else the CI\'s)'
complete -c codegenctl -n '__fish_seen_subcommand_from submit' -l command -x -d 'the command, as it is to be shown'
complete -c codegenctl -n '__fish_seen_subcommand_from submit' -l commit -x -d 'the commit that was built (else the CI\'s, git\'s)'
complete -c codegenctl -n '__fish_seen_subcommand_from submit' -l coverage -r -F -d 'a coverage report the step wrote'
complete -c codegenctl -n '__fish_seen_subcommand_from submit' -l exit-code -x -d 'what the command returned'
complete -c codegenctl -n '__fish_seen_subcommand_from submit' -l head-repository -x -d 'owner/name of the fork a pull request is from'
complete -c codegenctl -n '__fish_seen_subcommand_from submit' -l job -x -d 'the CI job, matrix legs apart (else the CI\'s)'
complete -c codegenctl -n '__fish_seen_subcommand_from submit' -l key -x -d 'makes it idempotent: the same key is one submission'
complete -c codegenctl -n '__fish_seen_subcommand_from submit' -l lint -r -F -d 'lint results the step wrote'
complete -c codegenctl -n '__fish_seen_subcommand_from submit' -l log -r -F -d 'the step\'s output; - reads it from standard input'
complete -c codegenctl -n '__fish_seen_subcommand_from submit' -l passed -d 'report a green build instead of a failure'
complete -c codegenctl -n '__fish_seen_subcommand_from submit' -l project -x -a '(__codegenctl_projects)' -d 'owner/name (else the CI\'s, git\'s remote)'
complete -c codegenctl -n '__fish_seen_subcommand_from submit' -l pull-request -x -d 'the pull request\'s number (else the CI\'s)'
complete -c codegenctl -n '__fish_seen_subcommand_from submit' -l security -r -F -d 'security scan results the step wrote'
complete -c codegenctl -n '__fish_seen_subcommand_from submit' -l spool-directory -r -F -d 'where it waits when no daemon answers'
complete -c codegenctl -n '__fish_seen_subcommand_from submit' -l step -x -d 'the step of the job (else the command)'
complete -c codegenctl -n '__fish_seen_subcommand_from submit' -l strict -d 'fail when the report was not taken'
complete -c codegenctl -n '__fish_seen_subcommand_from submit' -l tests -r -F -d 'test results the step wrote'

complete -c codegenctl -n '__fish_seen_subcommand_from task; and not __fish_seen_subcommand_from show run cancel retry snooze' -a 'show run cancel retry snooze'
complete -c codegenctl -n '__fish_seen_subcommand_from task; and __fish_seen_subcommand_from show run cancel retry snooze' -a '(__codegenctl_ids tasks)'
complete -c codegenctl -n '__fish_seen_subcommand_from task' -l delay -x -d 'with snooze: due that long from now (1h)'

complete -c codegenctl -n '__fish_seen_subcommand_from tasks' -l incident -x -a '(__codegenctl_ids incidents)' -d 'only of that incident'
complete -c codegenctl -n '__fish_seen_subcommand_from tasks' -l limit -x -d 'at most N of them, 0 for all (100)'
complete -c codegenctl -n '__fish_seen_subcommand_from tasks' -l status -x -a 'scheduled executing completed failed cancelled' -d 'scheduled, executing, completed, failed or cancelled'
complete -c codegenctl -n '__fish_seen_subcommand_from tasks' -l type -x -a 'publish_report trigger_agent pr_readiness_check notify' -d 'publish_report, trigger_agent, pr_readiness_check or notify'

complete -c codegenctl -n '__fish_seen_subcommand_from watch' -l last -x -d 'first the last N events'
complete -c codegenctl -n '__fish_seen_subcommand_from watch' -l since -x -d 'first the events after number N'

complete -c codegenctl -n '__fish_seen_subcommand_from backup import export scan' -F
