# Sourced by the scripts that record: what a dump must not hold, and the dump itself. They set: out, here, app, log.

# a word as a pattern of bytes: narrow, or wide as the heap's strings have it
bytes_of() { printf %s "$1" | od -An -v -tx1 | tr -d '\n' | sed "s/ \(..\)/\\\\x\1$2/g"; }

# nothing of the recording machine may be in a dump that is given away
check_clean() {
    for word in "$(uname -n)" "$out" "$here" "$HOME/"; do
        [ ${#word} -ge 4 ] || continue
        if LC_ALL=C grep -aqP "$(bytes_of "$word" '')|$(bytes_of "$word" '\\x00')" "$1"; then
            echo "$(basename "$0"): $1 holds '$word'" >&2
            exit 1
        fi
    done
}

# run_clean HOST NAME=VALUE... PROGRAM ARGUMENT...: replaces this shell; a clean environment, and a host name of its own where the system lets us
run_clean() {
    host=$1
    shift
    if unshare --uts true 2>/dev/null; then
        # shellcheck disable=SC2016
        exec unshare --uts sh -c 'hostname "$0"; exec env -i "$@"' "$host" HOME="$app" "$@"
    fi
    exec env -i HOME="$app" "$@"
}

# dump FILE PROCESS KIND, by the runtime's own program
dump() {
    "$app/createdump" "--$3" -f "$1" "$2" >>"$log"
    chmod 644 "$1"
    check_clean "$1"
}
