import type { RuleKind } from "../engine/rule-kind.ts";
import { deny } from "./deny.ts";
import { images } from "./images.ts";
import { lifecycle } from "./lifecycle.ts";
import { localDirs } from "./local-dirs.ts";
import { memory } from "./memory.ts";
import { metadata } from "./metadata.ts";
import { placement } from "./placement.ts";
import { security } from "./security.ts";
import { sparkConf } from "./spark-conf.ts";

/** Every kind of rule, in the order in which help and errors list them. */
export const RULE_KINDS: readonly RuleKind[] = [
  placement,
  localDirs,
  images,
  sparkConf,
  memory,
  lifecycle,
  metadata,
  security,
  deny,
];
