/** `sshkit`: bounds of the connections, under the name that the original's SSH library gave them. Config-schema §8. */
import { integer, key, seconds, section } from "./types.ts";

export const sshkit = section({
  max_concurrent_starts: key(integer({ min: 1 }), "Connections that may be starting at the same time.", 30),
  pool_idle_timeout: key(seconds(), "Seconds after which an idle connection is closed.", 900),
  dns_retries: key(integer({ min: 0 }), "How often a failed look-up of a host name is repeated.", 3),
});
