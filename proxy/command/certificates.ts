/** `certificates`: who has which certificate, as a table, or everything that is known about them as JSON. */
import type { ListedCertificate } from "../certificate/listing.ts";
import { callControl } from "../control/control-client.ts";
import { socketPathOf } from "../control/paths.ts";
import { ProxyError } from "../errors.ts";
import { CERTIFICATES_FLAGS } from "../options/flags.ts";
import { defineCommand } from "./command.ts";
import { formatTable } from "./table.ts";
import { coloured, say, sayWarning } from "./terminal.ts";

const COLUMNS = ["Name", "Service", "Issuer", "Expires", "Renews", "State"];
const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

export const command = defineCommand({
  flags: CERTIFICATES_FLAGS,
  async run({ values, positionals, terminal }) {
    const [extra] = positionals;
    if (extra !== undefined) {
      throw new ProxyError("invalid-argument", `unknown command "${extra}" for "${terminal.programName} certificates"`);
    }
    const listing = await callControl(socketPathOf(terminal.environment), { command: "certificates" });
    if (values.json) {
      say(terminal, `${JSON.stringify(listing, null, 2)}\n`);
      return 0;
    }
    const { certificates } = listing;
    if (certificates.length === 0) {
      say(terminal, "No service uses TLS.\n");
      return 0;
    }
    const now = Date.now();
    const rows = certificates.map((one) => rowOf(one, now));
    say(terminal, formatTable(COLUMNS, rows, coloured(terminal)));
    for (const one of certificates) if (one.lastError !== "") sayWarning(terminal, troubleOf(one));
    return 0;
  },
});

function rowOf(one: ListedCertificate, nowMs: number): string[] {
  return [
    one.name,
    one.service,
    one.issuer ?? "-",
    momentIn(one.notAfter, nowMs),
    one.source === "own" ? "by hand" : momentIn(one.renewsAt, nowMs),
    one.ordering ? `${one.state}, ordering` : one.state,
  ];
}

/** The day, and how far away that is. */
function momentIn(time: string | null, nowMs: number): string {
  if (time === null) return "-";
  const leftMs = Date.parse(time) - nowMs;
  const [amount, unit] = Math.abs(leftMs) < 2 * DAY_MS ? [leftMs / HOUR_MS, "h"] : [leftMs / DAY_MS, "d"];
  const words = leftMs < 0 ? `${Math.floor(-amount)}${unit} ago` : `in ${Math.floor(amount)}${unit}`;
  return `${time.slice(0, 10)} (${words})`;
}

function troubleOf({ name, lastError, nextAttemptAt }: ListedCertificate): string {
  return `${name}: ${lastError}${nextAttemptAt === null ? "" : `; next attempt at ${nextAttemptAt}`}`;
}
