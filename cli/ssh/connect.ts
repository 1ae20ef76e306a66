/** One SSH connection from nothing to ready: a host's settings and its bytes in, a logged-in client or one error out. */
import type { Duplex } from "node:stream";
import ssh2, { type AnyAuthMethod, type AuthenticationType, type Client, type ConnectConfig } from "ssh2";
import { cancelled, HostError } from "../execute/host-error.ts";
import { connectFailure, connectTimedOut } from "./connect-failure.ts";
import { type HostKeys, noKnownKeyOffered } from "./host-keys.ts";
import { type Identities, identitiesFor } from "./identities.ts";
import { KEEPALIVE_COUNT, KEEPALIVE_INTERVAL_MS } from "./limits.ts";
import type { HostSettings } from "./ssh-settings.ts";

export type ConnectHow = {
  readonly hostKeys: HostKeys;
  /** Opens what the connection runs over; told of everything a proxy command says. */
  readonly open: (signal: AbortSignal, onProxyOutput: (text: string) => void) => Promise<Duplex>;
  readonly signal: AbortSignal;
  readonly keepaliveIntervalMs?: number | undefined;
};

/** @throws HostError `host-unreachable`, `ssh-authentication-failed`, `ssh-key-unusable`, `host-key-*`, `cancelled` */
export async function connect(settings: HostSettings, how: ConnectHow): Promise<Client> {
  const timeout = AbortSignal.timeout(settings.connectTimeoutMs);
  const signal = AbortSignal.any([how.signal, timeout]);
  const offered: string[] = [];
  const evidence = {
    settings,
    identities: undefined as Identities | undefined,
    methodsLeft: undefined as string[] | undefined,
    offered,
    proxyOutput: "",
  };
  try {
    evidence.identities = await identitiesFor(settings);
    const algorithms = await how.hostKeys.algorithms(settings);
    const sock = await how.open(signal, (text) => {
      evidence.proxyOutput = (evidence.proxyOutput + text).slice(-2000);
    });
    const { agent } = evidence.identities;
    const login = loginSequence(settings, evidence.identities, offered, (methods) => {
      evidence.methodsLeft = methods;
    });
    let keyRefused: HostError | undefined;
    const config: ConnectConfig = {
      sock,
      username: settings.user,
      // The deadline is ours: it also covers what comes before the handshake.
      readyTimeout: 0,
      keepaliveInterval: how.keepaliveIntervalMs ?? KEEPALIVE_INTERVAL_MS,
      keepaliveCountMax: KEEPALIVE_COUNT,
      ...(agent === undefined ? {} : { agent, agentForward: settings.forwardAgent }),
      ...(algorithms === undefined ? {} : { algorithms: { serverHostKey: algorithms } }),
      authHandler: login,
      hostVerifier: (key: Buffer, verify: (valid: boolean) => void) => {
        how.hostKeys.refusal(settings, key).then(
          (refusal) => {
            keyRefused = refusal;
            verify(refusal === undefined);
          },
          (error: unknown) => {
            keyRefused = new HostError(
              settings.name,
              "host-key-unknown",
              "host-key",
              `The host key could not be checked: ${String(error)}`,
            );
            verify(false);
          },
        );
      },
    };
    try {
      return await ready(new ssh2.Client(), config, sock, signal);
    } catch (error) {
      if (keyRefused !== undefined) throw keyRefused;
      if (algorithms !== undefined && /no matching host key/i.test(String(error))) throw noKnownKeyOffered(settings);
      throw error;
    }
  } catch (error) {
    if (how.signal.aborted) throw cancelled(settings.name, "connecting");
    if (timeout.aborted) throw connectTimedOut(evidence);
    throw connectFailure(error, evidence);
  }
}

function ready(client: Client, config: ConnectConfig, sock: Duplex, signal: AbortSignal): Promise<Client> {
  const made = Promise.withResolvers<Client>();
  let first: Error | undefined;
  // Several errors may come, also later (a failed agent, then the failed login): without a listener each would end the process.
  client.on("error", (error) => {
    // A failed agent is one way less to log in; what counts is whether another succeeds.
    if (error.level !== "agent") first ??= error;
  });
  const abort = (): void => {
    sock.destroy();
    made.reject(signal.reason);
  };
  signal.addEventListener("abort", abort, { once: true });
  client.once("ready", () => made.resolve(client));
  client.once("close", () => made.reject(first ?? new Error("Connection lost before handshake")));
  client.once("end", () => sock.destroy());
  client.connect(config);
  return made.promise.finally(() => signal.removeEventListener("abort", abort));
}

/** "none" first: it tells what the server accepts, and some (Tailscale) ask for no more. */
function loginSequence(
  settings: HostSettings,
  { offers }: Identities,
  offered: string[],
  onMethods: (methods: string[]) => void,
) {
  let at = -1;
  return (
    methodsLeft: AuthenticationType[] | null,
    _partial: boolean | null,
    next: (method: AnyAuthMethod | AuthenticationType) => void,
  ): void => {
    if (methodsLeft !== null) onMethods(methodsLeft);
    const offer = at === -1 ? undefined : offers[at];
    at += 1;
    if (at === 0) next({ type: "none", username: settings.user });
    else if (offer === undefined || methodsLeft?.includes("publickey") === false)
      next(false as unknown as AuthenticationType);
    else {
      offered.push(offer.label);
      next(offer.method(settings.user));
    }
  };
}
