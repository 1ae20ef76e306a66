/** Turns the proxy's TypeScript and its few dependencies into the plain JavaScript that the image carries. */
import { defineConfig } from "rolldown";

export default defineConfig({
  input: "proxy/kdeploy-proxy.mjs",
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
