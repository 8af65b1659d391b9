# ./dev check: what a reviewer need not look for. Sourced by ./dev.

longest_file=400 # lines; more is a hint, not an error

# Tracked and new C++ files; with an argument only those that differ from that commit.
cpp_files() {
    {
        git diff --name-only --diff-filter=d "${1:-$(git hash-object -t tree /dev/null)}" -- '*.cpp' '*.hpp'
        git ls-files --others --exclude-standard -- '*.cpp' '*.hpp'
    } | sort -u
}

# What changes are counted from: the branch this one will go to, or the last commit.
base_commit() {
    git merge-base HEAD origin/main 2>/dev/null || git rev-parse HEAD
}

dev_check() {
    local all=false
    case "$*" in
        '') ;;
        --all) all=true ;;
        *) fail "check: it takes --all only" ;;
    esac
    need_packages "${build_packages[@]}" boost libclang-rt-19-dev libgtest-dev libgmock-dev \
        "${check_packages[@]}"
    local failed=() files sources
    mapfile -t files < <(cpp_files)

    say "clang-format: ${#files[@]} files"
    clang-format-19 --dry-run -Werror "${files[@]}" || failed+=("format (clang-format-19 -i FILE)")

    say "include direction"
    /usr/bin/python3 tools/check_includes.py --self-test && /usr/bin/python3 tools/check_includes.py ||
        failed+=("include direction")

    say "documents"
    /usr/bin/python3 tools/check_documents.py || failed+=("documents (docs/testing.md says what is checked)")

    if [[ $all == true ]]; then
        mapfile -t sources < <(cpp_files | grep '\.cpp$')
    else
        mapfile -t sources < <(cpp_files "$(base_commit)" | grep '\.cpp$')
    fi
    say "clang-tidy: ${#sources[@]} files"
    if [[ ${#sources[@]} -gt 0 ]]; then
        build_preset dev cockpit_pch
        lint "${sources[@]}" || failed+=("lint")
    fi

    wc -l "${files[@]}" | awk -v most=$longest_file \
        '$1 > most && $2 != "total" { print "hint: " $2 " has " $1 " lines; more than " most " read badly" }'
    [[ ${#failed[@]} -eq 0 ]] || fail "check: wrong: $(printf '%s; ' "${failed[@]}")"
    say "check: all well"
}

# Prints errors only; the warnings are advice for an editor.
lint() {
    local known=()
    local file
    for file in "$@"; do # files that no target of this preset compiles have no flags to lint with
        grep -qF "\"$PWD/$file\"" build/dev/compile_commands.json && known+=("$file")
    done
    [[ ${#known[@]} -eq 0 ]] && return
    printf '%s\0' "${known[@]}" |
        xargs -0 -n 1 -P "$(build_jobs)" sh -c \
            'out=$(clang-tidy-19 -p build/dev --quiet "$1" 2>&1); rc=$?; [ $rc -eq 0 ] || printf "%s\n" "$out" | grep -A 6 "error:"; exit $rc' lint
}
