/** The applications behind the proxies: nginx for small answers and files, a Node program for bodies and WebSockets. */
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { nginxFrame } from "../contender/nginx.ts";
import { freePort, portOpen } from "../process/port.ts";
import { Program } from "../process/program.ts";

/** `files` answers small GETs and the 1 MB download, `node` reads uploads and echoes WebSockets. */
export type UpstreamKind = "files" | "node";

export interface RunningUpstream {
  port: number;
  program: Program;
}

export const megabyte = 1024 * 1024;

/** What the small GET answers. The name makes two upstreams tell apart in the deploy scenario. */
export function smallBody(name: string): string {
  return `${name} `.repeat(1024).slice(0, 1023).concat("\n");
}

/** Random, so that no shortcut on the way could make it smaller. */
export const largeBody: Buffer = randomBytes(megabyte);

export async function startUpstream(
  kind: UpstreamKind,
  directory: string,
  core: number | undefined,
  name = "app",
): Promise<RunningUpstream> {
  mkdirSync(directory, { recursive: true });
  return kind === "files" ? startFiles(directory, core, name) : startNode(core);
}

async function startFiles(directory: string, core: number | undefined, name: string): Promise<RunningUpstream> {
  const port = await freePort();
  const root = join(directory, "root");
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, "small"), smallBody(name));
  writeFileSync(join(root, "large"), largeBody);
  const file = join(directory, "upstream.conf");
  writeFileSync(file, nginxFrame(directory, filesBlock(root, port)));
  const program = new Program("nginx", ["-c", file, "-p", directory], { core });
  await portOpen(port, program);
  return { port, program };
}

/** `/seen` tells which headers arrived, so that a contender cannot be fast by leaving them out. */
function filesBlock(root: string, port: number): string {
  return `
  access_log off;
  sendfile on;
  tcp_nopush on;
  open_file_cache max=16 inactive=600s;
  open_file_cache_valid 600s;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    root ${root};
    default_type text/plain;
    location = /up { return 200 "up\\n"; }
    location = /seen {
      return 200 "$http_x_forwarded_for|$http_x_forwarded_proto|$http_x_request_id|$http_x_request_start";
    }
  }`;
}

async function startNode(core: number | undefined): Promise<RunningUpstream> {
  const path = fileURLToPath(new URL("node-upstream.ts", import.meta.url));
  const program = new Program(process.execPath, [path], { core });
  return { port: Number(await program.nextLine(10_000)), program };
}
