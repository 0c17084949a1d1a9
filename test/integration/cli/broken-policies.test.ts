// Broken policy files through the real process: exit code 2, file and line, no stack trace, and soon.
import assert from "node:assert/strict";
import { chmodSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { SPECIAL_FAULTS } from "../../fixtures/broken-policies.ts";
import { policyOf } from "../../fixtures/broken-policies/broken-file.ts";
import { emptyFolder, file, sparkgate } from "./run-sparkgate.ts";

/** It takes half a second; the rest is for a machine that does other things too. */
const LONGEST_MS = 5_000;

function validate(...paths: readonly string[]) {
  return sparkgate(["validate", ...paths, "--platform", "karpenter"], "", LONGEST_MS);
}

/** Whether a run ended as with a broken file, and not as with a broken program; returns the lines on stderr. */
function refused({ status, stdout, stderr }: ReturnType<typeof sparkgate>): readonly string[] {
  assert.equal(status, 2, stderr.slice(0, 2000));
  assert.equal(stdout, "");
  assert.doesNotMatch(stderr, /^\s+at |Error:|\(node:\d+\)|fault of Sparkgate/m);
  return stderr.trimEnd().split("\n");
}

const THROUGH_THE_PROCESS = [
  "a tab",
  "an anchor bomb",
  "10 MB",
  "bytes that are no UTF-8",
  "a NUL in a text",
  "UTF-16 with its mark",
  "CEL that ends too early",
  "a misspelt variable",
  "the date '2027-02-30'",
  "a misspelt key that is merged",
  "a map as a key",
  "an alias within itself",
  "a name in two documents",
  "prose",
  "a key that colours the terminal",
  "5,000 unknown keys",
  `nothing but ""`,
];

describe("sparkgate validate: a broken file", () => {
  for (const [index, name] of THROUGH_THE_PROCESS.entries()) {
    it(`is refused for ${name}, with its place and a hint`, () => {
      const fault = SPECIAL_FAULTS.find((each) => each.name === name);
      assert.ok(fault !== undefined, name);
      const path = file(`broken-${index}.yaml`, fault.content);
      const lines = refused(validate(path));
      const says = fault.says.replace("broken.yaml", path);
      const told = lines.some(
        (line) => line.startsWith(`${path}:${fault.line}:`) && line.includes(says),
      );
      assert.ok(told, lines.slice(0, 5).join("\n"));
      assert.match(lines.at(-1) ?? "", /^\d+ problems?$/);
    });
  }

  it("is none for a byte order mark", () => {
    const path = file("with-mark.yaml", `\ufeff${policyOf("images: {}")}`);
    const { status, stdout, stderr } = validate(path);
    assert.deepEqual([status, stderr], [0, ""]);
    assert.match(stdout, /^p +images +Audit/m);
  });

  it("is told with those beside it", () => {
    const folder = emptyFolder("several");
    file("several/a.yaml", policyOf("mod: Warn", "images: {}"));
    file("several/b.yaml", Buffer.from([0xff]));
    file("several/c.yaml", policyOf("images: {}"));
    const lines = refused(validate(folder));
    assert.equal(lines.length, 3, lines.join("\n"));
    assert.match(lines[0] ?? "", /a\.yaml:5:3: spec\.mod: unknown key; did you mean 'mode'\?/);
    assert.match(lines[1] ?? "", /b\.yaml:1:1: has bytes that are no UTF-8/);
  });

  it("is among the findings of -o json", () => {
    const path = file("json.yaml", "images: \0");
    const { status, stdout } = sparkgate(["validate", path, "-o", "json"], "", LONGEST_MS);
    const { findings } = JSON.parse(stdout) as { findings: readonly Record<string, unknown>[] };
    assert.equal(status, 2);
    assert.deepEqual(
      findings.map(({ severity, file: where, line, column }) => [severity, where, line, column]),
      [["error", path, 1, 9]],
    );
  });
});

describe("sparkgate validate: a folder", () => {
  it("without files is refused", () => {
    const folder = emptyFolder("empty");
    assert.deepEqual(refused(validate(folder)), [
      `${folder}: no .yaml, .yml or .json file in this folder`,
    ]);
  });

  it("that is not there is refused", () => {
    assert.deepEqual(refused(validate("no-such-folder")), [
      "no-such-folder: no such file or folder",
    ]);
  });

  it("with a link to nothing is refused", () => {
    const folder = emptyFolder("links");
    const link = join(folder, "gone.yaml");
    symlinkSync("nothing.yaml", link);
    assert.deepEqual(refused(validate(folder)), [`${link}: no such file or folder`]);
  });

  // Who may read everything cannot be refused.
  it("that must not be read is refused", { skip: process.getuid?.() === 0 }, () => {
    const folder = emptyFolder("closed");
    chmodSync(folder, 0);
    const lines = refused(validate(folder));
    chmodSync(folder, 0o700);
    assert.deepEqual(lines, [`${folder}: EACCES`]);
  });
});
