/** The client's end of the control socket: one call → its result, with the events on the way. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type ErrorCode, ProxyError } from "../errors.ts";
import {
  type ControlCall,
  type ControlCommand,
  type ControlMessage,
  type ControlResults,
  encodeLine,
  PROTOCOL_VERSION,
} from "./control-wire.ts";
import type { Report } from "./progress.ts";

const SYSTEM_WORDS: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "no such file or directory"],
  ["ECONNREFUSED", "connection refused"],
  ["EACCES", "permission denied"],
]);

/** A server's queue of connections can be full for a moment: how often it is asked again. */
const MAX_ATTEMPTS_WHEN_BUSY = 100;
/** A `docker exec` right behind `docker run` finds no socket yet: Node needs a quarter of a second to start. */
const MAX_ATTEMPTS_WHEN_ABSENT = 20;
const RETRY_MS = 50;

/**
 * Waits as long as the command takes; there is no timeout.
 * @throws ProxyError the server's own; `not-running` when nobody listens; `connection-lost` when the server went away
 */
export async function callControl<Command extends ControlCommand>(
  path: string,
  call: ControlCall<Command>,
  onEvent: Report = () => undefined,
): Promise<ControlResults[Command]> {
  const socket = await open(path);
  return new Promise((resolve, reject) => {
    let rest = "";
    socket.setEncoding("utf8");
    socket.write(encodeLine({ version: PROTOCOL_VERSION, ...call }));
    socket.on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) take(line);
    });
    // What went wrong is of no interest: the connection ended before the answer.
    socket.on("error", () => undefined);
    socket.once("close", () => {
      reject(
        new ProxyError("connection-lost", "unexpected EOF", {
          hint: "The proxy ended before it answered. What it had begun is shown by list, once it runs again.",
        }),
      );
    });

    function take(line: string): void {
      const message = parseMessage(line);
      if ("event" in message) return onEvent(message.event);
      if ("result" in message) resolve(message.result as ControlResults[Command]);
      else reject(errorOf(message.error));
      socket.destroy();
    }
  });
}

async function open(path: string): Promise<Socket> {
  for (let attempt = 1; ; attempt++) {
    const socket = connect(path);
    try {
      await once(socket, "connect");
      return socket;
    } catch (error) {
      if (attempt >= attemptsAfter(error as NodeJS.ErrnoException)) {
        throw notRunning(path, error as NodeJS.ErrnoException);
      }
    }
    await sleep(RETRY_MS);
  }
}

function attemptsAfter(error: NodeJS.ErrnoException): number {
  if (error.code === "EAGAIN") return MAX_ATTEMPTS_WHEN_BUSY;
  return error.code === "ENOENT" || error.code === "ECONNREFUSED" ? MAX_ATTEMPTS_WHEN_ABSENT : 1;
}

function parseMessage(line: string): ControlMessage {
  try {
    return JSON.parse(line) as ControlMessage;
  } catch {
    return { error: { code: "protocol", message: "the proxy's answer is not a line of JSON" } };
  }
}

function errorOf({ code, message, hint }: { code: string; message: string; hint?: string }): ProxyError {
  return new ProxyError(code as ErrorCode, message, hint === undefined ? {} : { hint });
}

function notRunning(path: string, error: NodeJS.ErrnoException): ProxyError {
  const reason = SYSTEM_WORDS.get(error.code ?? "") ?? error.message;
  return new ProxyError("not-running", `dial unix ${path}: connect: ${reason}`, {
    hint:
      error.code === "EACCES"
        ? "The socket belongs to another user; run the command as the user the proxy runs as."
        : "Is the proxy running? Its socket's path comes from KAMAL_PROXY_SOCKET, XDG_RUNTIME_DIR or TMPDIR.",
  });
}
