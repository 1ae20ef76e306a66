/** Turns the proxy's TypeScript and its few dependencies into the plain JavaScript that the image carries. */
import { defineConfig } from "rolldown";

export default defineConfig({
  // The second program is started by the first, from the same folder, and alone carries acme-client.
  input: ["proxy/kdeploy-proxy.mjs", "proxy/kdeploy-acme.mjs"],
  platform: "node",
  output: {
    dir: "dist",
    format: "esm",
    cleanDir: true,
    // `.mjs` needs no package.json beside it. Each dynamic import stays a file of its own, so that a client command
    // does not load the server.
    entryFileNames: "[name].mjs",
    chunkFileNames: "[name]-[hash].mjs",
    // Names and lines in the stack traces of bug reports are worth more than the kilobytes.
    minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
  },
});
