# Building the web page, which the server holds. Sourced by ./dev.

# Vite 8 needs Node 20.19 or newer; Debian 13 has it, Debian 12 has 18.
node_is_right() {
    local version
    version=$(node --version 2>/dev/null) || return 1
    [[ $(printf 'v20.19.0\n%s\n' "$version" | sort -V | head -n 1) == v20.19.0 ]]
}

# Makes web/dist. Without a Node that can, or what npm fetches, the server is built without its page, and says so to whoever opens it.
build_page() {
    if ! node_is_right && is_offered npm && [[ $(apt-cache policy nodejs | sed -n 's/.*Candidate: //p') > 20.19 ]]; then
        need_packages nodejs npm
    fi
    if ! node_is_right; then
        say "no page: it needs Node 20.19 or newer with npm, and this machine has $(node --version 2>/dev/null || echo none);" \
            "see https://nodejs.org/en/download"
        return 0
    fi
    say "building the page"
    if [[ ! -e web/node_modules/.package-lock.json || web/package-lock.json -nt web/node_modules/.package-lock.json ]]; then
        if ! (cd web && npm ci --no-audit --no-fund --loglevel=error); then
            say "no page: npm could not fetch what web/package-lock.json names"
            rm -rf web/node_modules web/dist
            return 0
        fi
    fi
    (cd web && npm run --silent build -- --logLevel warn) || fail "the page could not be built"
}
