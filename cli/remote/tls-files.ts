/**
 * A certificate of one's own and its key → the lines that put them where the proxy reads them, and nobody else can read the key.
 *
 * An uploaded key would belong to the ssh user, and the proxy's user could only read it if everybody could. So both files travel as a
 * tar archive through `docker cp`, which gives them to the number that the proxy's user has in its image, ours and the original's.
 */
import type { Config } from "../config/config.ts";
import { PROXY_CONTAINER, proxyAppDirectory } from "../config/names.ts";
import { Secret } from "../secret/secret.ts";
import { program, word } from "./conventions.ts";
import { PROXY_APPS_CONFIG } from "./proxy-run.ts";
import type { RemoteCommand } from "./remote-command.ts";
import { tarOf } from "./tar.ts";

/** Of `kamal-proxy` in both images. */
const PROXY_USER_ID = 1001;

/** A role's files, or an accessory's. */
export type TlsOwner = { readonly role: string } | { readonly accessory: string };

/** Run before `install`, and before the proxy is told of the paths. */
export function makeDirectory(config: Config, owner: TlsOwner): string {
  return program("mkdir -p", word(`${proxyAppDirectory(config)}/${below(owner)}`));
}

/** With the key in it. */
export function removeDirectory(config: Config, owner: TlsOwner): string {
  return program("rm -rf", word(`${proxyAppDirectory(config)}/${below(owner)}`));
}

/** Replaces both files; the container of the proxy exists. */
export function install(config: Config, owner: TlsOwner, certificate: Secret, privateKey: Secret): RemoteCommand {
  const archive = tarOf([
    { name: "cert.pem", mode: 0o644, ownerId: PROXY_USER_ID, content: certificate.reveal() },
    { name: "key.pem", mode: 0o600, ownerId: PROXY_USER_ID, content: privateKey.reveal() },
  ]);
  const target = word(`${PROXY_CONTAINER}:${PROXY_APPS_CONFIG}/${config.appId}/${below(owner)}`);
  // A proxy that another user has started sees that one's home, where the directory is not yet.
  const mounted = `${PROXY_CONTAINER}:${PROXY_APPS_CONFIG}`;
  const there = `docker cp ${target} - > /dev/null 2>&1 || docker cp ${word(proxyAppDirectory(config))} ${mounted}`;
  return { command: `{ ${there}; } < /dev/null && docker cp - ${target}`, input: new Secret(archive) };
}

/** For the proxy's flags. */
export function tlsPathsInProxy(config: Config, owner: TlsOwner): { certificate: string; privateKey: string } {
  const directory = `${PROXY_APPS_CONFIG}/${config.appId}/${below(owner)}`;
  return { certificate: `${directory}/cert.pem`, privateKey: `${directory}/key.pem` };
}

function below(owner: TlsOwner): string {
  return "role" in owner ? `tls/${owner.role}` : `tls/accessories/${owner.accessory}`;
}
