import { Command } from "commander";

/** `sparkgate demo`: the whole of it on one machine, without a cluster and without a network. */
export function demoCommand(): Command {
  return new Command("demo")
    .summary("show it all without a cluster")
    .description(
      "Starts the real webhook on the loopback address with a fresh certificate, sends it AdmissionReviews that were recorded from real Spark jobs, and holds the answers against what is promised.",
    )
    .addHelpText("after", "\nExit codes: 0 all as expected, 1 something is not.")
    .action(async () => {
      // Loaded here, so that the other commands do without the server and the recordings.
      const { runDemo } = await import("./demo/run-demo.ts");
      await runDemo();
    });
}
