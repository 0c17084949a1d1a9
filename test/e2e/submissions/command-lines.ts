import type { CommandLineCase } from "./command-line-case.ts";
import { JOBS_AND_SIZES } from "./jobs-and-sizes.ts";
import { SETTINGS } from "./settings.ts";
import { VOLUMES_AND_FILES } from "./volumes-and-files.ts";

/** What people really pass, and the edges of it. */
export const COMMAND_LINES: readonly CommandLineCase[] = [
  ...JOBS_AND_SIZES,
  ...SETTINGS,
  ...VOLUMES_AND_FILES,
];
