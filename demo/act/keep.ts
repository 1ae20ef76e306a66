/** Leaves everything running and says how to play with it, until Ctrl-C. */
import { startApp } from "../running-app.ts";
import { heading, paint, say } from "../screen.ts";
import { type Stage, service } from "./stage.ts";

export async function keepRunning({ proxy, app }: Stage): Promise<never> {
  const other = await startApp(app.version === "v1" ? "v2" : "v1");
  const orders = [
    "list",
    `deploy ${service} --target 127.0.0.1:${other.port}`,
    `deploy ${service} --target 127.0.0.1:${app.port}`,
    `pause ${service}`,
    `resume ${service}`,
    `stop ${service} --message "Back soon"`,
  ];
  heading("Still running");
  say(`  ${app.version} on port ${app.port} serves, ${other.version} on port ${other.port} waits to be deployed`);
  say();
  say(`  curl -i http://127.0.0.1:${proxy.port}/`);
  say(`  alias proxy='${proxy.shellPrefix}'`);
  for (const order of orders) say(`  proxy ${order}`);
  say();
  say(paint("bold", "  Ctrl-C ends it."));
  // Nothing resolves this: the signal handler ends the process.
  return new Promise<never>(() => {});
}
