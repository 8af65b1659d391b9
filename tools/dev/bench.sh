# ./dev bench: measures this build beside its floor; ./dev bench page: the page and the overview. Sourced by ./dev.

dev_bench() {
    local script=bench/run.py packages=("${bench_packages[@]}")
    if [[ ${1:-} == page ]]; then
        shift
        script=bench/page.py
        packages+=(chromium)
    fi
    need_packages "${build_packages[@]}" boost "${packages[@]}"
    [[ $script == bench/run.py ]] || build_page
    build_preset release
    exec /usr/bin/python3 "$script" --build build/release "$@"
}
