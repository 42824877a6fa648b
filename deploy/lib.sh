# SPDX-License-Identifier: Apache-2.0
# What scripts share. Sourced by bash.

# started_by_us PIDFILE: the process lives, and was there when the file was written. A number that the system has given to
# somebody else since then, or after a restart of the machine, began later.
started_by_us() {
    local pid began now
    pid=$(cat "$1" 2>/dev/null) && [ -r "/proc/$pid/stat" ] || return 1
    began=$(sed 's/.*) //' "/proc/$pid/stat" | cut -d' ' -f20)
    read -r now _ </proc/uptime
    began=$(($(date +%s) - ${now%.*} + began / $(getconf CLK_TCK)))
    [ "$began" -le $(($(stat -c %Y "$1") + 2)) ]
}

# alive PID: a process that has ended and was not buried by its parent yet is not.
alive() {
    local state
    state=$(sed 's/.*) \(.\).*/\1/' "/proc/$1/stat" 2>/dev/null) && [ -n "$state" ] && [ "$state" != Z ]
}

# place_sample SAMPLE FILE: the file follows the sample, until somebody has put another one in its place: that one stays.
place_sample() {
    local placed=$2.sample
    if [ ! -f "$2" ] || cmp -s "$2" "$placed"; then cp "$1" "$2"; fi
    if cmp -s "$1" "$2"; then cp "$1" "$placed"; fi
}
