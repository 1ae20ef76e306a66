// Starts the demo. Plain JavaScript, so that a Node too old to read TypeScript can still say so in one line.
import { requireNode } from "../shared/require-node.mjs";

requireNode("demo");
await import("./main.ts");
