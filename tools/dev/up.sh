# ./dev up: a Cockpit of its own on this machine. Sourced by ./dev.

# The pid of the server that runs detached with this state directory; nothing when there is none.
running_server() {
    local pid
    pid=$(cat "$1/dev-up.pid" 2>/dev/null) || return 0
    # A pid file outlives a crash and pids are used again: only a cockpit-server counts.
    [[ $(readlink "/proc/$pid/exe" 2>/dev/null) == */cockpit-server* ]] && echo "$pid"
    return 0
}

# Whether http://$1 (host:port) answers /healthz with 200.
is_healthy() (
    exec 2>/dev/null 3<>"/dev/tcp/${1%:*}/${1##*:}" || exit 1
    printf 'GET /healthz HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$1" >&3
    read -r -t 5 line <&3 && [[ $line == 'HTTP/1.1 200'* ]]
)

dev_up() {
    local port='' state=.cockpit detach=false
    while [[ $# -gt 0 ]]; do
        case $1 in
            --port | --state)
                [[ $# -gt 1 ]] || fail "$1 needs a value"
                [[ $1 == --port ]] && port=$2 || state=$2
                shift 2
                ;;
            --detach) detach=true && shift ;;
            *) fail "up: there is no option '$1'; it takes --port N, --state DIR, --detach" ;;
        esac
    done
    if [[ -n $port && (! $port =~ ^[0-9]{1,5}$ || $port -gt 65535) ]]; then
        fail "up: --port '$port' is not a number from 0 to 65535"
    fi
    local bin=build/release/bin
    if [[ -n ${COCKPIT_BIN:-} ]]; then
        bin=$COCKPIT_BIN
        [[ -x $bin/cockpit-server ]] || fail "up: COCKPIT_BIN is set, and there is no $bin/cockpit-server"
    else
        need_packages "${build_packages[@]}" boost libbenchmark-dev "${run_packages[@]}"
        build_page
        build_preset release cockpit-server cockpit-agent
    fi

    mkdir -p -m 700 "$state"
    state=$(readlink -f "$state")
    local pid
    pid=$(running_server "$state")
    [[ -z $pid ]] || fail "up: it runs already (pid $pid); stop it with: ./dev down --state $state"
    local server=("$bin/cockpit-server" --standalone --state-dir "$state")
    [[ -n $port ]] && server+=(--port "$port")
    if [[ $detach == false ]]; then
        say "running ${server[*]} (stop it with Ctrl-C)"
        exec "${server[@]}"
    fi
    start_detached "$state" "${server[@]}"
}

# The server's standard output is what a person must see (address, first log-in); its log is another file.
start_detached() {
    local state=$1 pid address=''
    shift
    (umask 077 && : >"$state/dev-up.out" && : >"$state/dev-up.log")
    setsid "$@" >"$state/dev-up.out" 2>"$state/dev-up.log" </dev/null &
    pid=$!
    echo "$pid" >"$state/dev-up.pid"
    local tries
    for ((tries = 0; tries < 300; ++tries)); do
        if ! kill -0 "$pid" 2>/dev/null; then
            tail -n 20 "$state/dev-up.log" >&2
            rm -f "$state/dev-up.pid"
            fail "up: the server ended; its log is $state/dev-up.log"
        fi
        address=$(sed -n 's,.*listening on http://\([^ /"]*\).*,\1,p' "$state/dev-up.out" \
            "$state/dev-up.log" | head -n 1)
        if [[ -n $address ]] && is_healthy "$address"; then
            cat "$state/dev-up.out"
            say "running as pid $pid; log: $state/dev-up.log; stop it with: ./dev down --state $state"
            return
        fi
        sleep 0.2
    done
    fail "up: no answer from /healthz within 60 s; its log is $state/dev-up.log (pid $pid still runs)"
}
