/** A proxy in a process of its own, for measuring its memory: its parent asks over IPC. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { runProxy, service } from "../running-proxy.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const proxy = await runProxy();
await proxy.serve(service("app", [Number(process.argv[2])]));

process.on("message", () => {
  collect();
  void proxy.plane.counters().then(({ clientConnections }) => {
    process.send?.({ rss: process.memoryUsage.rss(), clientConnections });
  });
});
process.send?.({ port: proxy.port });
