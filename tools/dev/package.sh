# ./dev package: the .deb files, with the page in the server, and what lintian says of them. Sourced by ./dev.

dev_package() {
    [[ $# -eq 0 ]] || fail "package: it takes no options"
    need_packages "${build_packages[@]}" boost libbenchmark-dev "${package_packages[@]}"
    build_page
    [[ -e web/dist/index.html ]] || fail "package: the server would have no page; web/dist has to be built first"
    rm -rf build/release/packages
    build_preset release debs
    say "lintian"
    lintian --fail-on error build/release/packages/*.deb || fail "package: lintian found errors"
    say "made:"
    ls build/release/packages/*.deb
}
