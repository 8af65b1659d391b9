# ./dev bench: measures this build beside its floor. Sourced by ./dev.

dev_bench() {
    need_packages "${build_packages[@]}" boost "${bench_packages[@]}"
    [[ -e bench/run.py ]] || fail "bench: there is no bench/run.py"
    build_preset release
    exec /usr/bin/python3 bench/run.py --build build/release "$@"
}
