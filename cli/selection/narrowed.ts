/** A selection, and some of its hosts → the same for these alone. */
import type { Selection } from "./selection.ts";

/** Roles keep their order, and the lock its place. */
export function narrowed(selection: Selection, hosts: readonly string[]): Selection {
  const among = (names: readonly string[]): readonly string[] => names.filter((name) => hosts.includes(name));
  const [first = selection.primaryHost] = among(selection.hosts);
  return {
    ...selection,
    hosts: among(selection.hosts),
    appHosts: among(selection.appHosts),
    proxyHosts: among(selection.proxyHosts),
    accessoryHosts: (accessory) => among(selection.accessoryHosts(accessory)),
    primaryHost: hosts.includes(selection.primaryHost) ? selection.primaryHost : first,
  };
}
