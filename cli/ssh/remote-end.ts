/**
 * The line of shell that ends commands which an SSH connection left running: their places in the order of start in, the line out.
 *
 * Closing a channel ends nothing on the server, and its "signal" request is refused for root and by older servers. But
 * every command is a child of the server process of its connection and leads its own process group, and so is this
 * line's: it finds its siblings through /proc, in the order in which they were started.
 */
import { quote } from "../remote/shell.ts";
import { REMOTE_TERM_GRACE_S } from "./limits.ts";

/** Exit codes of the line, beside 0 for done. */
export const OTHER_COUNT = 3;
export const NO_PROC = 4;

/**
 * `places` counts from 1, among the `running` commands of the connection. When the server has another number of them
 * (one has just ended), nothing is done and the line exits with OTHER_COUNT.
 */
export function endLine(places: readonly number[], running: number): string {
  const all = places.length === running;
  const line = [
    "exec 2>/dev/null",
    `[ -r /proc/self/stat ] || exit ${NO_PROC}`,
    // pid (name) state ppid pgrp session … starttime is the 22nd; the name may hold blanks.
    'stat() { read -r s < "/proc/$1/stat" || return 1; set -- ${s##*) }; [ "$1" != Z ] && [ "$1" != X ] && ppid=$2 session=$4 start=${20}; }',
    "stat $$ || exit 4; own=$session",
    "stat $own || exit 4; server=$ppid",
    'found=$(for d in /proc/[0-9]*; do p=${d#/proc/}; [ "$p" != "$own" ] && stat "$p" && [ "$ppid" = "$server" ] && echo "$start $p"; done | sort -n -k1,1 -k2,2)',
    "set -f; set -- $found; n=0; pids=",
    'while [ $# -gt 0 ]; do n=$((n+1)); case ,PLACES, in *,$n,*) pids="$pids $2";; esac; shift 2; done'.replace(
      "PLACES",
      places.join(","),
    ),
    // When all are to end, a number that differs does no harm.
    all ? `[ $n -gt 0 ] || exit ${OTHER_COUNT}` : `[ $n -eq ${running} ] || exit ${OTHER_COUNT}`,
    all ? 'pids=$(set -- $found; while [ $# -gt 0 ]; do echo "$2"; shift 2; done)' : ":",
    "for p in $pids; do kill -TERM -$p || kill -TERM $p; done",
    `i=0; while [ $i -lt ${REMOTE_TERM_GRACE_S * 5} ]; do left=; for p in $pids; do kill -0 -$p && left=1; done; [ -z "$left" ] && exit 0; sleep 0.2 || sleep 1; i=$((i+1)); done`,
    "for p in $pids; do kill -KILL -$p; done; exit 0",
  ].join("\n");
  return `sh -c ${quote(line)}`;
}
