import type { Preset } from "./preset.ts";
import { SHUFFLE_PRESETS } from "./shuffle-presets.ts";
import { STORAGE_PRESETS } from "./storage-presets.ts";

/** All presets of the sparkConf rule, by name. */
export const PRESETS: Readonly<Record<string, Preset>> = { ...SHUFFLE_PRESETS, ...STORAGE_PRESETS };
