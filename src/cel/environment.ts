import { Environment } from "@marcbachmann/cel-js";
import { parseQuantity } from "../kubernetes/quantity.ts";
import { celFailure } from "./failure.ts";

/** Fields that an expression can name: a misspelt one is refused when the policy loads. */
export type Fields = { readonly [field: string]: string | Fields };

/**
 * What an expression can speak of, with the types of CEL. `dyn` is as it is in the object: its shape is Kubernetes'.
 * The names are those of Kubernetes' own admission policies, where those have one: `namespace` alone is a reserved
 * word of CEL.
 */
export const VARIABLES: Readonly<Record<string, string | Fields>> = {
  object: "dyn",
  oldObject: "dyn",
  request: {
    operation: "string",
    namespace: "string",
    name: "string",
    userInfo: { username: "string", groups: "list<string>" },
  },
  namespaceObject: { metadata: { name: "string", labels: "map<string, string>" } },
  quotas: "list<dyn>",
  spark: {
    surface: "string",
    role: "string",
    container: "string",
    image: "string",
    executorId: "int",
    conf: "map<string, string>",
  },
  app: {
    id: "string",
    name: "string",
    language: "string",
    shuffle: "string",
    workload: "string",
  },
};

/** What the variables are, for people. */
export const VARIABLE_MEANINGS: Readonly<Record<string, string>> = {
  object:
    "The Pod: in `match` as it was sent, in `deny` as all policies have left it. On `driver-conf` the ConfigMap, on `application` the SparkApplication or its like.",
  oldObject: "Always null: what is judged is judged as a whole.",
  "request.operation": "`CREATE`; of an application whose spec is changed `UPDATE`.",
  "request.namespace": "The namespace.",
  "request.name": "The object's name, or `PREFIX*` where the API server makes one up.",
  "request.userInfo.username": "Who asks; absent where that is not known, as of a file.",
  "request.userInfo.groups": "The groups of who asks.",
  "namespaceObject.metadata.name": "The namespace. (`namespace` alone is a reserved word of CEL.)",
  "namespaceObject.metadata.labels": "Its labels.",
  quotas: "The ResourceQuotas of the namespace, each with `name` and `hard`.",
  "spark.surface": "`pod`, `driver-conf` or `application`.",
  "spark.role":
    "`driver`, `executor` or `connect-server`; a conf and an application are looked at as a driver's and as an executor's.",
  "spark.container": "The name of the container that runs Spark.",
  "spark.image": "Its image.",
  "spark.executorId":
    "The executor's number, from 1; absent on drivers, and where nothing says it.",
  "spark.conf":
    'On `driver-conf` the Spark conf, on `application` the one that the operator will make of it, key by key as it is written, such as `spark.conf["spark.executor.memory"]`; absent on Pods.',
  "app.id": "`spark.app.id`, by the label `spark-app-selector`.",
  "app.name":
    "`spark.app.name`, by the label `spark-app-name`. Code may rename the application: its executors go by the name that it was submitted with where their driver's conf went through Sparkgate, else by the new one.",
  "app.language":
    "`jvm`, `python` or `r`. Executors have it from their driver's conf; absent where that did not go through Sparkgate: client mode, jobs from before. Ask with `has()`.",
  "app.shuffle":
    "`executors` or `remote`: where shuffle data lie, by the conf's shuffle manager. Absent on drivers' Pods; on executors as `app.language`.",
  "app.workload":
    "The driver's label `sparkgate.io/workload`, whose words are your own; on executors as `app.language`.",
};

/** Amounts that Kubernetes writes as text, as in its own CEL library (k8s.io/apiserver pkg/cel/library/quantity.go). */
class Quantity {
  readonly amount: number;
  readonly #text: string;

  constructor(text: string | number) {
    const amount = parseQuantity(text);
    if (amount === undefined) throw celFailure("quantity() of what is no quantity");
    this.amount = amount;
    this.#text = String(text);
  }

  toString(): string {
    return this.#text;
  }
}

/** How long an expression may be, as it is written. */
const LIMITS = { maxAstNodes: 1000, maxDepth: 50, maxListElements: 500, maxMapEntries: 100 };

/** An environment in which the text of a policy is parsed and checked; with the limits that are given, others apart. */
export function createCheckingEnvironment(limits: Partial<typeof LIMITS> = {}): Environment {
  const environment = new Environment({
    enableOptionalTypes: true,
    limits: { ...LIMITS, ...limits },
  });
  for (const [name, type] of Object.entries(VARIABLES)) {
    if (typeof type === "string") environment.registerVariable(name, type);
    else environment.registerVariable(name, { schema: type });
  }
  registerNumbers(environment);
  environment
    .registerType("Quantity", { ctor: Quantity, fields: {} })
    .registerFunction("quantity(string): Quantity", (text: string) => new Quantity(text))
    .registerFunction("quantity(double): Quantity", (amount: number) => new Quantity(amount))
    .registerFunction(
      "Quantity.isGreaterThan(Quantity): bool",
      (a: Quantity, b: Quantity) => a.amount > b.amount,
    )
    .registerFunction(
      "Quantity.isLessThan(Quantity): bool",
      (a: Quantity, b: Quantity) => a.amount < b.amount,
    )
    .registerFunction("Quantity.compareTo(Quantity): int", (a: Quantity, b: Quantity) =>
      BigInt(Math.sign(a.amount - b.amount)),
    );
  return environment;
}

/** JSON has one kind of number, which is a double to CEL: `object.spec.priority + 1` is to work all the same. */
function registerNumbers(environment: Environment): void {
  const operations: Readonly<Record<string, (a: number, b: number) => number>> = {
    "+": (a, b) => a + b,
    "-": (a, b) => a - b,
    "*": (a, b) => a * b,
    "/": (a, b) => a / b,
    "%": remainder,
  };
  for (const [operator, apply] of Object.entries(operations)) {
    const handler = (a: number | bigint, b: number | bigint) => apply(Number(a), Number(b));
    environment.registerOperator(`double ${operator} int: double`, handler);
    environment.registerOperator(`int ${operator} double: double`, handler);
  }
  environment.registerOperator("double % double: double", remainder);
}

function remainder(a: number, b: number): number {
  if (b === 0) throw celFailure("modulo by zero");
  return a % b;
}
