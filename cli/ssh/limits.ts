/** Bounds of everything that goes to servers: times in milliseconds, counts; each with the reason for its size. */

/** A server that answers no keepalive for this long, four times in a row, is taken for gone: 40 seconds. */
export const KEEPALIVE_INTERVAL_MS = 10_000;
export const KEEPALIVE_COUNT = 3;
/** From the first packet to a session that commands can run in, where `ConnectTimeout` says nothing. */
export const CONNECT_TIMEOUT_MS = 30_000;
/** OpenSSH servers allow 10 sessions in a connection (MaxSessions); two are left for ending commands. */
export const MAX_CHANNELS = 8;
/** Refused although no other command runs: so often, with this pause, before it is an error. */
export const MAX_CHANNEL_REFUSALS = 10;
export const CHANNEL_PAUSE_MS = 50;
/** A server that drops connections before the handshake (MaxStartups) is asked again so often. */
export const START_RETRIES = 4;
/** A connection that ends before a command was sent over it is replaced so often for that command. */
export const MAX_RECONNECTIONS = 3;
/** Longest pause between two attempts, of look-ups and of connections. */
export const MAX_RETRY_PAUSE_MS = 2_000;
/** For `ssh -G`, which may run commands of the user's (`Match exec`). */
export const SSH_G_TIMEOUT_MS = 10_000;
/** For an agent to list its keys; it may ask the person at the screen. */
export const AGENT_TIMEOUT_MS = 30_000;
/** When everything ends: for commands to be ended on the servers, then for connections to say goodbye. Two seconds in all. */
export const END_ON_CLOSE_MS = 1_100;
export const CLOSE_TIMEOUT_MS = 600;
/** For a server to say that a forwarded port is closed. */
export const FORWARD_CLOSE_TIMEOUT_MS = 2_000;
/** Jump hosts of jump hosts. */
export const MAX_JUMPS = 8;
/** A key file or known_hosts file larger than this is not one. */
export const MAX_KEY_FILE_BYTES = 1024 * 1024;
export const MAX_KNOWN_HOSTS_BYTES = 64 * 1024 * 1024;
/** A known_hosts lock older than this was left behind by a process that died. */
export const LOCK_STALE_MS = 5_000;
/** Told to end, a remote command gets so many whole seconds before it is killed. */
export const REMOTE_TERM_GRACE_S = 2;
/** For the command that ends commands. */
export const REMOTE_END_TIMEOUT_MS = 6_000;
