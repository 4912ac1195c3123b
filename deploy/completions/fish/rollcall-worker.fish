# fish completion for rollcall-worker
complete -c rollcall-worker -f
complete -c rollcall-worker -l access-file -r -F -d 'What the coordinator wrote for its workers'
complete -c rollcall-worker -l connect -x -d 'Where the coordinator is'
complete -c rollcall-worker -l connect-timeout -x -d 'How long to wait for the file and the coordinator'
complete -c rollcall-worker -l name -x -d 'How it is called in results'
complete -c rollcall-worker -l http -x -d 'Where to answer health checks'
complete -c rollcall-worker -s j -l slots -x -d 'Tasks to run at once'
complete -c rollcall-worker -l log-level -x -a 'trace debug info warn error off' -d 'What is logged'
complete -c rollcall-worker -l log-file -r -F -d 'Where logs go'
complete -c rollcall-worker -s h -l help -d 'The options that people need'
complete -c rollcall-worker -l help-all -d 'Every option'
complete -c rollcall-worker -s V -l version -d 'The version'
