# ./dev down: ends what `./dev up --detach` started, by its pid, and waits for it. Sourced by ./dev.

source tools/dev/up.sh

dev_down() {
    local state=.cockpit
    if [[ ${1:-} == --state && $# -eq 2 ]]; then
        state=$2
    elif [[ $# -gt 0 ]]; then
        fail "down: it takes --state DIR only"
    fi
    local pid
    pid=$(running_server "$state")
    if [[ -z $pid ]]; then
        rm -f "$state/dev-up.pid"
        say "nothing runs with the state directory $state"
        return
    fi
    kill -TERM "$pid" || fail "down: pid $pid cannot be signalled by this user"
    local tries
    for ((tries = 0; tries < 400; ++tries)); do
        if [[ -z $(running_server "$state") ]]; then
            rm -f "$state/dev-up.pid"
            say "stopped (pid $pid)"
            return
        fi
        ((tries == 300)) && kill -TERM "$pid" 2>/dev/null # the second one ends it at once
        sleep 0.1
    done
    fail "down: pid $pid still runs 40 s after SIGTERM; its log is $state/dev-up.log"
}
