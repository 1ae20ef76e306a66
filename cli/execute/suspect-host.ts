/** A host that was not reached the last time → asked a short question before a command for it, which may wait for minutes, is sent. */
import type { Host } from "./host.ts";
import { HostError } from "./host-error.ts";
import { throwIfCancelled } from "./pause.ts";
import type { Work } from "./work.ts";

/** Nothing happens for other hosts. One that does not answer counts as gone for the rest of the run. @throws HostError `host-unreachable`; WorkError `cancelled` */
export async function askSuspect(work: Work, machine: Host, signal: AbortSignal | undefined): Promise<void> {
  const { state } = work;
  const host = machine.name;
  if (state.isGone(host)) throw gone(host);
  if (!state.isSuspect(host)) return;
  // Without the signal: an undo may be waiting for the same answer.
  await state.whileAsked(host, () => ask(work, machine));
  if (signal !== undefined) throwIfCancelled(signal);
}

async function ask({ state }: Work, machine: Host): Promise<void> {
  const deadline = AbortSignal.timeout(state.limits.reachAgainMs);
  try {
    await machine.run("true", { signal: deadline });
    state.reached(machine.name);
  } catch (error) {
    state.gaveUp(machine.name);
    throw error instanceof HostError && !deadline.aborted ? error : gone(machine.name);
  }
}

function gone(host: string): HostError {
  const message = `${host} could not be reached twice in a row; it is not tried again`;
  return new HostError(host, "host-unreachable", "unreachable", message);
}
