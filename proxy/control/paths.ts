/** Where things are on disk: environment → data directory and control socket. Source: proxy-behaviour §2.1. */
import { join } from "node:path";

export type Environment = Readonly<Record<string, string | undefined>>;

/** `$HOME/.config/kamal-proxy`, kept from the original, whose volumes are mounted there. Nothing is created. */
export function dataDirectoryOf(environment: Environment): string {
  return join(environment["HOME"] || temporaryDirectoryOf(environment), ".config", "kamal-proxy");
}

export function socketPathOf(environment: Environment): string {
  return (
    environment["KAMAL_PROXY_SOCKET"] ||
    join(environment["XDG_RUNTIME_DIR"] || temporaryDirectoryOf(environment), "kamal-proxy.sock")
  );
}

function temporaryDirectoryOf(environment: Environment): string {
  return environment["TMPDIR"] || "/tmp";
}
