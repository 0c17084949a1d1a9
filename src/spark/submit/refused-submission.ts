/** Ends a prediction where spark-submit, or the driver, ends with an error. Its message names keys and options, no values. */
export class RefusedSubmission extends Error {
  constructor(message: string) {
    super(message);
    this.name = "RefusedSubmission";
  }
}
