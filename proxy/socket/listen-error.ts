/** Why a port could not be listened on → words for the person at the terminal, worded as the reference does. */
import { isIPv6 } from "node:net";
import { ProxyError } from "../errors.ts";

/** `:80` for every address, `127.0.0.1:80`, `[::1]:80`. */
export function listenAddress(port: number, bind: string | undefined): string {
  return `${bind !== undefined && isIPv6(bind) ? `[${bind}]` : (bind ?? "")}:${port}`;
}

/** @param flag the one that chooses the port */
export function listenError(error: NodeJS.ErrnoException, where: string, flag: string): Error {
  if (error.code === "EADDRINUSE") {
    return new ProxyError("address-in-use", `listen tcp ${where}: bind: address already in use`, {
      hint: `Another program listens there. Stop it, or choose another port with ${flag}.`,
      cause: error,
    });
  }
  if (error.code === "EACCES") {
    return new ProxyError("listen-failed", `listen tcp ${where}: bind: permission denied`, {
      hint: `Ports below 1024 need privileges. Choose another port with ${flag}.`,
      cause: error,
    });
  }
  if (error.code === "EADDRNOTAVAIL") {
    return new ProxyError("listen-failed", `listen tcp ${where}: bind: cannot assign requested address`, {
      hint: "This machine has no such address.",
      cause: error,
    });
  }
  return error;
}
