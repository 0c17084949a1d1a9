/**
 * The floors of the house, lowest first (docs/decisions/0001-the-house.md): a file imports from its own
 * floor or from those below it, never upwards and never in a circle.
 */
const floors = [
  "kubernetes",
  "spark",
  "cel",
  "engine",
  "rules",
  "policy",
  "admission",
  "report",
  "cluster",
  "server",
  "commands",
];

const upwards = floors.slice(0, -1).map((floor, index) => ({
  name: `${floor}-imports-down-only`,
  severity: "error",
  from: { path: `^src/${floor}/` },
  to: { path: `^src/(${floors.slice(index + 1).join("|")})/|^src/cli\\.ts$` },
}));

/** Everything up to report/ is pure: no I/O, no clock of its own, nothing that waits. */
const pure = floors.slice(0, floors.indexOf("report") + 1);

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    ...upwards,
    { name: "no-circles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "only-known-floors",
      severity: "error",
      from: {},
      to: { path: "^src/[^/]+/", pathNot: `^src/(${floors.join("|")})/` },
    },
    {
      name: "pure-floors-do-no-io",
      severity: "error",
      from: { path: `^src/(${pure.join("|")})/` },
      to: { dependencyTypes: ["core"], pathNot: "^(node:)?(crypto|util)$" },
    },
    {
      name: "no-tests-in-src",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(test|bench)/" },
    },
    { name: "resolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      extensions: [".ts", ".js", ".json"],
      conditionNames: ["import", "node", "default"],
    },
  },
};
