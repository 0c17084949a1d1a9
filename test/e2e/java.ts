import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { MissingPrerequisiteError } from "./assets.ts";
import { runCommand } from "./command.ts";

/**
 * Runs a program of test/e2e/jvm, which java compiles on the way.
 * @param classpath of folders and jars
 * @returns the lines that it prints
 */
export async function runJava(
  program: string,
  lines: readonly string[],
  classpath = "",
): Promise<readonly string[]> {
  const source = join(import.meta.dirname, "jvm", `${program}.java`);
  const path = classpath === "" ? [] : ["--class-path", classpath];
  await requireCompiler();
  const { code, stdout, stderr } = await runCommand("java", [...path, source], {
    env: process.env,
    stdin: lines.map((line) => `${line}\n`).join(""),
  });
  if (code !== 0) throw new Error(`${program}.java ended with ${code}: ${stderr}`);
  return stdout.split("\n").slice(0, -1);
}

/**
 * Compiles a program of test/e2e/jvm into a jar.
 * @param library the folder of the jars that it needs
 */
export async function buildJar(program: string, library: string, jar: string): Promise<void> {
  const source = join(import.meta.dirname, "jvm", `${program}.java`);
  const classes = mkdtempSync(join(tmpdir(), "sparkgate-classes-"));
  await requireCompiler();
  const java = async (...args: readonly string[]) => {
    const { code, stderr } = await runCommand("java", args, { env: process.env });
    if (code !== 0) throw new Error(`${program}.java: ${stderr}`);
  };
  const jars = readdirSync(library).filter((file) => file.endsWith(".jar"));
  // javac makes something else of a folder with an asterisk.
  const classpath = jars.map((file) => join(library, file)).join(delimiter);
  const compiler = ["-m", "jdk.compiler/com.sun.tools.javac.Main"];
  await java(...compiler, "--release", "17", "--class-path", classpath, "-d", classes, source);
  await java("-m", "jdk.jartool/sun.tools.jar.Main", "--create", "--file", jar, "-C", classes, ".");
  rmSync(classes, { recursive: true });
}

/** A runtime environment runs Spark, and compiles nothing. */
async function requireCompiler(): Promise<void> {
  const describing = runCommand("java", ["--describe-module", "jdk.compiler"], {
    env: process.env,
  }).catch(() => undefined);
  if ((await describing)?.code === 0) return;
  throw new MissingPrerequisiteError(
    "a JDK (17 or newer) is missing, which compiles and runs the programs of test/e2e/jvm",
  );
}
