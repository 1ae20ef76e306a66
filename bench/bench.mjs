// Starts the benchmark. Plain JavaScript, so that a Node too old to read TypeScript can still say so in one line.
import { requireNode } from "../shared/require-node.mjs";

requireNode("bench");
await import(process.argv[2] === "deploy-time" ? "./deploy-time/main.ts" : "./main.ts");
