# Configuring and building a preset. Sourced by ./dev.

# A coroutine translation unit with sanitizers takes 1.2 GB at its peak, so memory bounds the jobs too.
build_jobs() {
    local cores memory_kb by_memory
    cores=$(nproc)
    memory_kb=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)
    by_memory=$((memory_kb / 1200000))
    ((by_memory < 1)) && by_memory=1
    echo $((cores < by_memory ? cores : by_memory))
}

# build_preset PRESET [TARGET...]
build_preset() {
    local preset=$1 targets=()
    shift
    [[ $# -gt 0 ]] && targets=(--target "$@")
    say "configuring build/$preset"
    cmake --preset "$preset" --log-level=WARNING >/dev/null || fail "cmake --preset $preset failed"
    say "building build/$preset with $(build_jobs) jobs"
    cmake --build "build/$preset" -j "$(build_jobs)" "${targets[@]}" || fail "the build failed"
}
