/** What a deploy asks of HTTPS → an error while nothing has happened yet, if it cannot come true. */
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { ProxyError } from "../errors.ts";
import type { ServiceOptions } from "../options/service-options.ts";
import { refuseUnissuable } from "./authority.ts";
import { isAutomatic } from "./wishes.ts";

/** @throws ProxyError `invalid-options` */
export async function refuseUnusable({ hosts, tls }: ServiceOptions): Promise<void> {
  if (tls.certificatePath !== "") return;
  if (isAutomatic(tls)) refuseUnissuable(hosts, tls);
  await refuseNoAccess("tls-eab-key-path", tls.eabKeyPath, constants.R_OK, "be read");
  await refuseNoAccess("tls-dns-hook", tls.dnsHook, constants.X_OK, "be run");
}

async function refuseNoAccess(flag: string, path: string, mode: number, what: string): Promise<void> {
  if (path === "") return;
  try {
    await access(path, mode);
  } catch (error) {
    throw new ProxyError("invalid-options", `service options invalid: ${flag} ${path} cannot ${what}`, {
      hint: `${(error as Error).message}. The path is on the proxy's side.`,
      cause: error,
    });
  }
}
