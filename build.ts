// Bundles the CLI into one file, dist/sparkgate.js: Node does not run TypeScript below node_modules, so the
// package ships JavaScript. Dependencies go in too: the image then needs no node_modules and starts faster.
import { chmodSync } from "node:fs";
import { build } from "esbuild";

const outfile = "dist/sparkgate.js";

await build({
  entryPoints: ["src/cli.ts"],
  outfile,
  bundle: true,
  platform: "node",
  target: "node22.18",
  format: "esm",
  keepNames: true,
  sourcemap: true,
  legalComments: "linked",
  // Some dependencies are CommonJS and call require() for Node's own modules.
  banner: {
    js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
  },
});
chmodSync(outfile, 0o755);
