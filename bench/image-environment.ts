import { readFileSync } from "node:fs";

/** The variables that the image sets (Dockerfile, ENV): servers are measured as they run in a cluster. */
export function imageEnvironment(): NodeJS.ProcessEnv {
  const dockerfile = readFileSync(new URL("../Dockerfile", import.meta.url), "utf8");
  const environment: NodeJS.ProcessEnv = {};
  for (const [, instruction = ""] of dockerfile.matchAll(/^ENV (.+(?:\\\n.+)*)$/gm)) {
    for (const [, name = "", quoted, plain] of instruction.matchAll(/(\w+)=(?:"([^"]*)"|(\S+))/g)) {
      environment[name] = quoted ?? plain;
    }
  }
  return environment;
}
