# ./dev test: builds with sanitizers and runs the tests. Sourced by ./dev.

dev_test() {
    local suite=${1:-all}
    [[ $# -le 1 && $suite =~ ^(all|unit|integration|web|faults)$ ]] ||
        fail "test: '$*' is none of unit, integration, web, faults"
    need_packages "${build_packages[@]}" boost "${test_packages[@]}"
    [[ $suite == web || $suite == faults ]] || build_preset dev
    # The distribution's python: pytest is installed for that one.
    exec /usr/bin/python3 tools/dev/run_tests.py --build build/dev "$suite"
}
