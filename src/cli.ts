#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { certsCommand } from "./commands/certs.ts";
import { checkCommand } from "./commands/check.ts";
import { explainCommand } from "./commands/explain.ts";
import { CommandFailure, EXIT } from "./commands/failure.ts";
import { demoCommand } from "./commands/demo.ts";
import { exceptionsCommand } from "./commands/exceptions.ts";
import { reviewCommand } from "./commands/review.ts";
import { schemaCommand } from "./commands/schema.ts";
import { serveCommand } from "./commands/serve.ts";
import { sweepCommand } from "./commands/sweep.ts";
import { testCommand } from "./commands/test.ts";
import { validateCommand } from "./commands/validate.ts";
import { VERSION } from "./commands/version.ts";
import { webhooksCommand } from "./commands/webhooks.ts";

const program = new Command("sparkgate")
  .description("Kubernetes admission webhook and policy engine for Apache Spark.")
  .version(`sparkgate ${VERSION}`)
  .showSuggestionAfterError()
  .showHelpAfterError("(add --help for usage)");

for (const command of [
  checkCommand(),
  explainCommand(),
  reviewCommand(),
  webhooksCommand(),
  certsCommand(),
  validateCommand(),
  testCommand(),
  exceptionsCommand(),
  schemaCommand(),
  serveCommand(),
  sweepCommand(),
  demoCommand(),
]) {
  program.addCommand(command);
}
program
  .command("version")
  .summary("print the version")
  .action(() => {
    process.stdout.write(`sparkgate ${VERSION}\n`);
  });

for (const command of [program, ...program.commands]) command.exitOverride();

// `sparkgate schema | head`: who has read enough closes the pipe.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommandFailure) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = error.exitCode;
  } else if (error instanceof CommanderError) {
    // Commander has printed its message; --help and --version end here too, with 0.
    process.exitCode = error.exitCode === 0 ? 0 : EXIT.badInput;
  } else {
    // Not Node's own 1, which would read as a finding.
    const trace = error instanceof Error ? error.stack : String(error);
    process.stderr.write(`This is a fault of Sparkgate's, please report it.\n${trace ?? ""}\n`);
    process.exitCode = EXIT.couldNotLook;
  }
}
