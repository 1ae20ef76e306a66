#!/usr/bin/env node
/** The launcher of the issuing process, which the proxy starts for each certificate; not meant to be typed. */
import { requireNode } from "../shared/require-node.mjs";

requireNode("kdeploy-acme");
const { main } = await import("./issuing/main.ts");
await main();
