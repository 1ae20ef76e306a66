/** Turns the deploy tool's TypeScript and its dependencies into plain JavaScript. */
import { defineConfig } from "rolldown";

export default defineConfig({
  input: "cli/kdeploy.mjs",
  platform: "node",
  // ssh2 looks for native parts, and does without.
  external: [/\.node$/, "cpu-features"],
  // Its WebAssembly stands in the code, but the loader around it asks where it is.
  transform: { define: { __dirname: "import.meta.dirname" } },
  output: {
    dir: "dist-cli",
    format: "esm",
    cleanDir: true,
    // Each dynamic import stays a file of its own, so that help does not load SSH.
    entryFileNames: "[name].mjs",
    chunkFileNames: "[name]-[hash].mjs",
    minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
  },
});
