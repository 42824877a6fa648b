# SPDX-License-Identifier: Apache-2.0
# What up and down share. Sourced by bash.

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
