/** Stops the service with a message, looks at the page that visitors then see, and opens it again. */

import { readPage } from "../app/wire.ts";
import { heading, paint, say } from "../screen.ts";
import { type Stage, service } from "./stage.ts";

const message = "We are moving house. Back in five minutes.";

export async function showMaintenance(stage: Stage): Promise<void> {
  const { proxy, ledger } = stage;
  const url = `http://127.0.0.1:${proxy.port}/`;
  heading("Maintenance");
  await proxy.command("stop", service, "--message", message);
  const closed = await fetch(url);
  const page = await closed.text();
  say(
    `${paint("bold", `${closed.status} ${closed.statusText}`)}  Retry-After: ${closed.headers.get("retry-after") ?? "–"}`,
  );
  for (const line of readableText(page)) say(`  │ ${line}`);
  if (closed.status !== 503) ledger.failed(`maintenance: status ${closed.status} instead of 503`);
  if (!page.includes(message)) ledger.failed("maintenance: the page does not show the message");
  await proxy.command("resume", service);
  const open = await fetch(url);
  const text = await open.text();
  if (open.status !== 200) return ledger.failed(`after maintenance: status ${open.status} instead of 200`);
  say(`opened again: ${open.status}, ${paint("green", `${readPage(text).version} answers`)}`);
}

/** The words of a page as a person reads them, without its markup. */
function readableText(html: string): string[] {
  return html
    .replaceAll(/<(style|script|head)[\s>][\s\S]*?<\/\1>/gi, "")
    .replaceAll(/<[^>]+>/g, "\n")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
