#!/bin/sh
# Finds or makes what the Makefile stands on. Prints one path; talks on stderr.
#
#   tools/bootstrap.sh python   an interpreter for the project: a path, or nothing when none is installed
#   tools/bootstrap.sh uv       a uv that works, installed into .tools/ when there is none
#   tools/bootstrap.sh venv     makes .venv
#
# PYTHON=/path/or/name chooses the interpreter of .venv.
set -eu

UV_VERSION=0.13.8
WANTED="3.12 3.13 3.14"

cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }

pyenv_roots() {
    [ -z "${PYENV_ROOT:-}" ] || echo "$PYENV_ROOT"
    [ -z "${HOME:-}" ] || echo "$HOME/.pyenv"
    pyenv root 2>/dev/null || true
}

# A command that exists may still be a pyenv shim without a version behind it, so each candidate is run.
real_path() { "$1" -c "import sys; sys.exit(1) if ($2) else print(sys.executable)" 2>/dev/null; }

fits_project() {
    real_path "$1" "not (3, 12) <= sys.version_info[:2] < (3, 15) or 't' in getattr(sys, 'abiflags', '')"
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        ! fits_project "$PYTHON" || return 0
        say "PYTHON=$PYTHON does not run as Python >=3.12,<3.15: looking for another"
    fi
    roots=$(pyenv_roots | sort -u)
    for version in $WANTED ""; do
        ! fits_project "python${version:-3}" || return 0
        [ -n "$version" ] || continue
        old_ifs=$IFS
        IFS='
'
        for root in $roots; do
            for candidate in "$root/versions/$version"*/bin/python3; do
                ! fits_project "$candidate" || return 0
            done
        done
        IFS=$old_ifs
    done
    return 0
}

# Any Python 3 that can make an environment with pip in it will do to install uv.
install_uv() {
    say "==> No working uv: installing uv $UV_VERSION into .tools/"
    for candidate in "$(find_python)" python3 /usr/bin/python3 /usr/local/bin/python3 \
        python3.14 python3.13 python3.12 python3.11 python3.10 python3.9; do
        [ -n "$candidate" ] && real_path "$candidate" "sys.version_info < (3, 9)" >/dev/null || continue
        rm -rf .tools
        "$candidate" -m venv .tools >/dev/null 2>&1 || continue
        PIP_DISABLE_PIP_VERSION_CHECK=1 .tools/bin/python -m pip install --quiet "uv==$UV_VERSION" >&2 || continue
        return 0
    done
    rm -rf .tools
    say "No Python 3 here could install uv. Install it by hand (https://docs.astral.sh/uv) and run make again."
    return 1
}

find_uv() {
    old_ifs=$IFS
    IFS=:
    for folder in .tools/bin $PATH "${HOME:-}/.local/bin" "${HOME:-}/.cargo/bin"; do
        if [ -x "$folder/uv" ] && "$folder/uv" --version >/dev/null 2>&1; then
            IFS=$old_ifs
            echo "$folder/uv"
            return 0
        fi
    done
    IFS=$old_ifs
    install_uv
    echo .tools/bin/uv
}

make_venv() {
    uv=$(find_uv)
    python=$(find_python)
    if [ -n "$python" ]; then
        say "==> Making .venv with $python"
        "$uv" venv --quiet --clear --python "$python" .venv
    else
        say "==> No Python >=3.12 is installed: asking uv for one"
        "$uv" venv --quiet --clear --python 3.12 .venv || "$uv" venv --quiet --clear --python ">=3.12,<3.15" .venv
    fi
}

case "${1:-}" in
    python) find_python ;;
    uv) find_uv ;;
    venv) make_venv ;;
    *) say "usage: tools/bootstrap.sh python|uv|venv"; exit 2 ;;
esac
