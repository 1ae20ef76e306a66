/** What can go wrong between this machine and a host, by cause. The words are chosen where the cause is found. */
import { type ErrorCode, type ExitClass, KdeployError } from "../errors.ts";

export type HostErrorCode = Extract<
  ErrorCode,
  | "cancelled"
  | "command-timed-out"
  | "connection-lost"
  | "forward-refused"
  | "host-key-changed"
  | "host-key-unknown"
  | "host-name-invalid"
  | "host-unreachable"
  | "ssh-authentication-failed"
  | "ssh-config-invalid"
  | "ssh-key-unusable"
  | "ssh-program-missing"
  | "upload-failed"
>;

/** Finer than the code, for decisions: which failures are worth another attempt. */
export type HostErrorReason =
  | "authentication"
  | "cancelled"
  | "channel-refused"
  | "configuration"
  | "deadline"
  | "dns"
  | "forwarding"
  | "handshake"
  | "host-key"
  | "lost"
  | "proxy"
  | "refused"
  | "timeout"
  | "unreachable"
  | "upload";

const EXIT_CLASSES: Partial<Record<HostErrorCode, ExitClass>> = {
  cancelled: "interrupted",
  "command-timed-out": "failure",
  "forward-refused": "failure",
  "upload-failed": "failure",
  "host-name-invalid": "configuration",
  "ssh-config-invalid": "configuration",
};

export class HostError extends KdeployError {
  /** As configured. */
  readonly host: string;
  readonly reason: HostErrorReason;

  constructor(
    host: string,
    code: HostErrorCode,
    reason: HostErrorReason,
    message: string,
    options: { hint?: string | undefined; cause?: unknown } = {},
  ) {
    super(code, message, { ...options, exitClass: EXIT_CLASSES[code] ?? "unreachable" });
    this.name = "HostError";
    this.host = host;
    this.reason = reason;
  }
}

export function cancelled(host: string, command: string, mayStillRun = false): HostError {
  const rest = mayStillRun ? " It may still be running there." : "";
  return new HostError(host, "cancelled", "cancelled", `Cancelled on ${host}: ${shortened(command)}${rest}`);
}

/** The server's answer says no more than no. */
export function forwardRefused(host: string, remotePort: number, cause?: unknown): HostError {
  return new HostError(
    host,
    "forward-refused",
    "forwarding",
    `${host} does not let its port ${remotePort} lead to this machine.`,
    {
      cause,
      hint: `Either something on ${host} has port ${remotePort} already (\`ss -ltnp\` there shows it), or its sshd forbids it (AllowTcpForwarding, PermitListen).`,
    },
  );
}

/** A command for a message: its beginning, on one line. */
export function shortened(command: string): string {
  const line = command.replace(/\s+/g, " ").trim();
  return line.length > 120 ? `${line.slice(0, 119)}…` : line;
}
