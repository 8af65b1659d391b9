# ./dev test: builds with sanitizers and runs the tests. Sourced by ./dev.

dev_test() {
    local suite=all options=()
    if [[ $# -gt 0 && $1 != --* ]]; then
        suite=$1
        shift
    fi
    [[ $suite =~ ^(all|unit|integration|web|faults|packages)$ ]] ||
        fail "test: '$suite' is none of unit, integration, web, faults, packages"
    while [[ $# -gt 0 ]]; do
        [[ $suite == faults ]] || fail "test: '$1' is only for ./dev test faults [--seed N] [--long]"
        case $1 in
            --long) options+=("$1") && shift ;;
            --seed)
                [[ ${2:-} =~ ^[0-9]{1,9}$ ]] || fail "test: --seed '${2:-}' is not a number from 0 to 999999999"
                options+=("$1" "$2") && shift 2
                ;;
            *) fail "test: there is no option '$1'; faults takes --seed N and --long" ;;
        esac
    done
    if [[ $suite == packages ]]; then
        source tools/dev/package.sh
        need_packages "${machine_packages[@]}"
        dev_package
        exec /usr/bin/python3 tools/dev/run_tests.py --build build/release packages
    fi
    need_packages "${build_packages[@]}" boost "${test_packages[@]}"
    case $suite in
        web | all) build_page ;;
    esac
    case $suite in
        web) build_preset dev cockpit-server cockpit-agent ;;
        faults) build_preset dev cockpit-server cockpit-agent append_line moved_clock ;;
        *) build_preset dev ;;
    esac
    # The distribution's python: pytest is installed for that one.
    exec /usr/bin/python3 tools/dev/run_tests.py --build build/dev "$suite" "${options[@]}"
}
