import { Command } from "commander";
import { admit } from "../admission/admit.ts";
import { jsonText } from "../report/format.ts";
import { CommandFailure, EXIT } from "./failure.ts";
import { addPolicyOptions, loadPolicySet, type PolicyOptions } from "./policy-options.ts";
import { readBytes } from "./read-input.ts";
import { addTimeOption, timeOf, type TimeOption } from "./time-option.ts";

interface ReviewOptions extends PolicyOptions, TimeOption {
  readonly validating?: boolean;
}

/** `sparkgate review`: the webhook's answer to an AdmissionReview, without a webhook. */
export function reviewCommand(): Command {
  const command = new Command("review")
    .summary("answer an AdmissionReview as the webhook would")
    .description(
      "Reads an AdmissionReview (admission.k8s.io/v1, JSON) and prints the answer that the webhook would give.",
    )
    .argument("<file>", "the review, or - for standard input");
  return addTimeOption(addPolicyOptions(command, "Enforce"))
    .option("--validating", "answer as POST /validate does, which changes nothing")
    .addHelpText(
      "after",
      `
Exit codes: 0 allowed, 1 refused, 2 the review or the policies cannot be read.

Examples:
  sparkgate review review.json --platform karpenter
  sparkgate review - --policies ./policies --mode Audit < review.json`,
    )
    .action((file: string, options: ReviewOptions) => {
      const set = loadPolicySet({ mode: "Enforce", ...options });
      const admission = admit(
        set,
        readBytes(file),
        { at: timeOf(options) },
        options.validating === true ? "validating" : "mutating",
      );
      if (admission.kind === "not-understood") {
        throw new CommandFailure(EXIT.badInput, [`${file}: ${admission.reason}`]);
      }
      const answer = JSON.parse(admission.answer) as { response: { allowed: boolean } };
      process.stdout.write(`${jsonText(answer)}\n`);
      if (!answer.response.allowed) process.exitCode = EXIT.finding;
    });
}
