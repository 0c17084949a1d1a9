import manifest from "../../package.json" with { type: "json" };

/** Sparkgate's version, from package.json. */
export const VERSION: string = manifest.version;
