// Bundles the CLI into dist/: Node does not run TypeScript below node_modules, so the package ships JavaScript.
// Dependencies go in too: the image then needs no node_modules and starts faster. What a command loads only when it needs
// it (the Kubernetes client, X.509) stays in files of its own: as one file, 22 MB of text would stay in memory.
import { chmodSync, rmSync } from "node:fs";
import { build } from "esbuild";

const outdir = "dist";

rmSync(outdir, { recursive: true, force: true });
await build({
  entryPoints: { sparkgate: "src/cli.ts" },
  outdir,
  chunkNames: "chunks/[name]-[hash]",
  bundle: true,
  splitting: true,
  platform: "node",
  // ES modules first: a CommonJS one that is loaded later, as a part of its own, has no names to import by.
  mainFields: ["module", "main"],
  target: "node22.18",
  format: "esm",
  // Names stay, so that a stack trace in a log says where. Not by keepNames: that defines the name of each closure anew
  // whenever one is made.
  minifyWhitespace: true,
  minifySyntax: true,
  // A stack trace shows the line that threw: not the whole of a file.
  lineLimit: 160,
  legalComments: "linked",
  // Some dependencies are CommonJS and call require() for Node's own modules.
  banner: {
    js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
  },
});
chmodSync(`${outdir}/sparkgate.js`, 0o755);
