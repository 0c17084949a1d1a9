// docs/tutorial.md is run as a reader would: its files are written, its commands run, and what they print compared.
// UPDATE_GOLDEN=1 writes what they print into the page.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, it } from "node:test";
import { ENVIRONMENT, ROOT } from "./run-sparkgate.ts";

const PAGE = join(ROOT, "docs/tutorial.md");
const folder = mkdtempSync(join(tmpdir(), "sparkgate-tutorial-"));
after(() => {
  rmSync(folder, { recursive: true });
});

/** What a reader of a console block sees: each command, what it prints, and its exit code where that is not 0. */
function transcript(block: string): string {
  const commands = block.split("\n").filter((line) => line.startsWith("$ sparkgate "));
  assert.ok(commands.length > 0, block);
  return commands
    .map((line) => {
      const args = line.replace("$ sparkgate ", "").split(" ");
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [join(ROOT, "src/cli.ts"), ...args],
        { cwd: folder, encoding: "utf8", env: ENVIRONMENT },
      );
      const exit = status === 0 ? "" : `(exit code ${String(status)})\n`;
      return `${line}\n${stderr}${stdout}${exit}`;
    })
    .join("\n");
}

it("docs/tutorial.md prints what it says", () => {
  const page = readFileSync(PAGE, "utf8");
  const written = page.replace(
    /```(yaml file=(\S+)|console)\n(.*?)```/gs,
    (block: string, _kind: string, file: string | undefined, text: string) => {
      if (file === undefined) return `\`\`\`console\n${transcript(text)}\`\`\``;
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
      return block;
    },
  );
  if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(PAGE, written);
  assert.equal(readFileSync(PAGE, "utf8"), written);
});
