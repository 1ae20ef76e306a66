#!/usr/bin/env node
/** The launcher: looks at the Node it runs on before anything is loaded that an old one cannot read. */
import { requireNode } from "../shared/require-node.mjs";

requireNode("kdeploy-proxy");
const { main } = await import("./main.ts");
await main();
