/** A target that plays a script of bytes, pauses and breaks to `/fault…`, and answers everything else properly. */
import type { RequestMessage } from "./http-messages.ts";
import { bodyFor, okResponse, RecordingUpstream, type UpstreamConnection } from "./recording-upstream.ts";

/** Milliseconds to wait, then latin1 bytes to send, or `FIN`, or `RST`. */
export type ScriptStep = readonly [waitMs: number, what: string];

export type ScriptedUpstream = {
  readonly recorder: RecordingUpstream;
  readonly port: number;
  /** What happens at the next `/fault` request. */
  play(script: readonly ScriptStep[]): void;
  /** The connections on which a script was played. */
  faulted(): UpstreamConnection[];
  stop(): Promise<void>;
};

export async function startScripted(name: string): Promise<ScriptedUpstream> {
  let script: readonly ScriptStep[] = [];
  const recorder = await RecordingUpstream.start(name, (request: RequestMessage, connection) => {
    if (!request.target.startsWith("/fault")) return okResponse(bodyFor(name, request), request);
    perform(script, connection);
    return null;
  });
  return {
    recorder,
    port: recorder.port,
    play: (steps) => {
      script = steps;
    },
    faulted: () =>
      recorder.connections.filter(({ requests }) => requests.some(({ target }) => target.startsWith("/fault"))),
    stop: () => recorder.stop(),
  };
}

function perform(steps: readonly ScriptStep[], connection: UpstreamConnection): void {
  const [step, ...later] = steps;
  if (!step || connection.closed) return;
  const [waitMs, what] = step;
  const act = (): void => {
    const { socket } = connection;
    if (socket.destroyed) return;
    if (what === "FIN") socket.end();
    else if (what === "RST") socket.resetAndDestroy();
    else socket.write(Buffer.from(what, "latin1"));
    perform(later, connection);
  };
  if (waitMs === 0) act();
  else setTimeout(act, waitMs);
}
