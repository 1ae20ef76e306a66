/** `kdeploy reconcile`: what differs from the configuration is removed or made anew. */
import { defineCommand } from "./command.ts";

export const command = defineCommand({
  description:
    "Says what kdeploy diff says, asks, and sets it right: containers, routes and files that left the configuration go; the app's containers " +
    "that changed are booted anew with the version they have, without a lost request; accessories that changed restart, and keep their data.",
  options: {
    only: { kind: "string", placeholder: "PARTS", help: "only these, with commas: orphans, app, accessories, proxy" },
    proxy: { kind: "bool", help: "replace proxies that changed, too: requests are interrupted meanwhile" },
    forget: { kind: "strings", placeholder: "HOST", help: "a host that left and is gone for good" },
  },
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ confirm, options, work }) {
    const [{ reconcile }, { partsOf }] = await Promise.all([
      import("../execute/reconcile/reconcile.ts"),
      import("../execute/reconcile/difference.ts"),
    ]);
    await reconcile(work, { parts: partsOf(options.only, options.proxy), forget: options.forget, confirm });
    return 0;
  },
});
