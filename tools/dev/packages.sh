# What each sub-command needs from the distribution, and how it gets here. Sourced by ./dev.

build_packages=(clang-19 lld-19 llvm-19 cmake ninja-build pkg-config git
    libhiredis-dev libsodium-dev libspdlog-dev libcli11-dev libpq-dev libsqlite3-dev libssl-dev
    libtomlplusplus-dev libcurl4-openssl-dev libhowardhinnant-date-dev libkainjow-mustache-dev python3)
run_packages=(redis-server git openssh-client tzdata)
test_packages=(libclang-rt-19-dev libgtest-dev libgmock-dev redis-server postgresql docker.io busybox-static
    openssh-server openssl python3 python3-pytest python3-pytest-xdist python3-jsonschema prometheus tzdata chromium)
bench_packages=(libbenchmark-dev redis-server python3)
package_packages=(dpkg-dev lintian file gzip)
machine_packages=(debootstrap systemd-container iproute2 docker.io busybox-static python3 python3-pytest)
check_packages=(clang-format-19 clang-tidy-19 python3)
boost_versions=(1.81 1.83 1.88) # Debian 12 offers the first, Debian 13 the others

is_installed() {
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

is_offered() {
    [[ -n $(apt-cache show "$1" 2>/dev/null) ]]
}

boost_packages() {
    echo "libboost$1-dev libboost-json$1-dev libboost-url$1-dev"
}

# The version all of whose packages pass the test $1 (is_installed or is_offered); nothing when there is none.
boost_version_that() {
    local version package
    for version in "${boost_versions[@]}"; do
        for package in $(boost_packages "$version"); do
            "$1" "$package" || continue 2
        done
        echo "$version"
        return
    done
}

as_root() {
    if [[ $(id -u) -eq 0 ]]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "packages are missing; run this as root once, or install sudo"
    fi
}

# Runs apt-get install in a subshell whose exit takes the policy away again, whatever happens: the packages of
# Redis, PostgreSQL, Docker and ssh must not start their services here, the tests run private ones.
apt_install() (
    policy=/usr/sbin/policy-rc.d
    if [[ ! -e $policy ]]; then
        trap 'as_root rm -f "$policy"' EXIT
        trap 'exit 130' INT TERM
        as_root sh -c "printf '#!/bin/sh\nexit 101\n' > $policy && chmod 755 $policy"
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends -qq "$@"
)

# need_packages NAME...: installs those of them that are missing; "boost" stands for the newest that fits.
need_packages() {
    [[ -e /etc/debian_version ]] || fail "this is not Debian; install these yourself: $*"
    local missing=() package want_boost=false
    for package in "$@"; do
        if [[ $package == boost ]]; then
            [[ -n $(boost_version_that is_installed) ]] || want_boost=true
        elif ! is_installed "$package"; then
            missing+=("$package")
        fi
    done
    [[ ${#missing[@]} -eq 0 && $want_boost == false ]] && return

    say "apt-get update"
    as_root apt-get update -qq
    if [[ $want_boost == true ]]; then
        local version
        version=$(boost_version_that is_offered)
        [[ -n $version ]] || fail "apt offers none of Boost ${boost_versions[*]}; Debian 12 and 13 do"
        for package in $(boost_packages "$version"); do
            is_installed "$package" || missing+=("$package")
        done
    fi
    say "installing: ${missing[*]}"
    apt_install "${missing[@]}" || fail "apt-get could not install: ${missing[*]}"
}
