import { Argument, Command, Option } from "commander";
import { jsonSchema, jsonSchemaOf } from "../policy/json-schema.ts";
import { DOCUMENT_KINDS, type DocumentKind } from "../policy/schema.ts";
import { referencePage } from "../report/reference.ts";

/** `sparkgate schema`: JSON Schema of the documents, for editors. */
export function schemaCommand(): Command {
  return new Command("schema")
    .summary("print the JSON Schema of policies, for editors")
    .description(
      "Prints the JSON Schema (2020-12) of all kinds of documents, or of one. It is also in the package, as docs/sparkgate.schema.json.",
    )
    .addArgument(new Argument("[kind]", "all of them where it is left out").choices(DOCUMENT_KINDS))
    .addOption(
      new Option("-o, --output <format>", "markdown: the reference page, docs/policies.md")
        .choices(["json", "markdown"])
        .default("json"),
    )
    .addHelpText(
      "after",
      `
In VS Code with the YAML extension, at the head of a policy:
  # yaml-language-server: $schema=./sparkgate.schema.json

Examples:
  sparkgate schema > sparkgate.schema.json
  sparkgate schema SparkPolicy`,
    )
    .action((kind: DocumentKind | undefined, { output }: { readonly output: string }) => {
      if (output === "markdown") {
        process.stdout.write(referencePage());
        return;
      }
      const schema = kind === undefined ? jsonSchema() : jsonSchemaOf(kind);
      process.stdout.write(`${JSON.stringify(schema, undefined, 2)}\n`);
    });
}
