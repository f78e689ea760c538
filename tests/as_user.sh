#!/usr/bin/env bash
# Runs a command as an ordinary user, for tests of what root would be let through with.
#
#   as_user.sh DIRECTORY... -- COMMAND...
#
# Needs root. DIRECTORY: what the user must be able to reach, such as the interpreter. Where a
# folder above it lets only root in, an empty one that lets everybody in is put in its place, with
# nothing but the directory in it; only the command sees that.
set -euo pipefail
readonly ID=${AS_USER_ID:-1500}

if [ "${1:-}" != --inside ]; then
    exec unshare --mount --propagation private "$0" --inside "$@"
fi
shift

declare -a reached=()
while [ "$1" != -- ]; do reached+=("$(realpath "$1")"); shift; done
shift

kept=$(mktemp -d)
mount -t tmpfs -o mode=755 kept "$kept"
for n in "${!reached[@]}"; do
    mkdir "$kept/$n"
    mount --rbind "${reached[$n]}" "$kept/$n"
done
for n in "${!reached[@]}"; do
    above=
    IFS=/ read -ra parts <<<"${reached[$n]#/}"
    for part in "${parts[@]}"; do
        above+="/$part"
        [ -d "$above" ] || mkdir "$above"
        mode=$(stat -c %a "$above")
        if ((8#$mode & 1)) || [ "$above" = "${reached[$n]}" ]; then continue; fi
        mount -t tmpfs -o mode=755 opened "$above"
    done
    if ! [ -e "${reached[$n]}/." ] || [ -z "$(ls -A "${reached[$n]}")" ]; then
        mkdir -p "${reached[$n]}"
        mount --rbind "$kept/$n" "${reached[$n]}"
    fi
done
exec setpriv --reuid="$ID" --regid="$ID" --clear-groups -- "$@"
