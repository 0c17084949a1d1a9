import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compileExpression } from "../../../src/cel/expression.ts";
import { CelFailure, CelProblem } from "../../../src/cel/failure.ts";

const object = {
  metadata: { name: "etl", labels: { team: "risk", constructor: "x" } },
  spec: {
    priority: 2,
    initContainers: null,
    containers: [
      { name: "a", image: "spark:3.5.9", env: [{ name: "__proto__", value: "secret" }] },
      { name: "b", image: "busybox", resources: { limits: { memory: "2Gi", cpu: 2 } } },
    ],
  },
};
const variables = {
  object,
  oldObject: null,
  request: { operation: "CREATE", namespace: "risk", name: "etl" },
  namespaceObject: { metadata: { name: "risk", labels: { tier: "batch" } } },
  quotas: [{ name: "all", hard: { "limits.memory": "64Gi" } }],
  spark: { surface: "pod", role: "executor", image: "spark:3.5.9", executorId: 7n },
  app: { id: "spark-1", name: "etl-nightly" },
};

const TRUE = [
  'app.name.startsWith("etl-")',
  "spark.executorId > 6 && spark.executorId % 2 == 1",
  "object.spec.priority + 1 == 3",
  "3 - object.spec.priority == 1 && 3 - object.spec.priority == 1.0",
  "object.spec.priority * 2 == object.spec.priority + 2 && 4 / object.spec.priority == 2",
  'object.metadata.labels.team in ["risk", "etl"]',
  '"team" in object.metadata.labels',
  'object.spec.containers.exists(c, c.image == "busybox")',
  'object.spec.containers.all(c, c.image.matches("^(spark:|busy)"))',
  'object.spec.containers.map(c, c.name) == ["a", "b"]',
  "object.spec.containers.filter(c, has(c.env)).size() == 1",
  'object.spec.containers.exists(c, has(c.env) && c.env.exists(e, e.name == "__proto__"))',
  'namespaceObject.metadata.labels["tier"] == "batch"',
  'namespaceObject.metadata.labels.?cost.orValue("none") == "none"',
  "quotas.size() > 0 && quotas.exists(q, 'limits.memory' in q.hard)",
  'quantity(object.spec.containers[1].resources.limits.memory).isLessThan(quantity("3Gi"))',
  'quantity(object.spec.containers[1].resources.limits.cpu).compareTo(quantity("2")) == 0',
  "oldObject == null",
  "!has(object.spec.affinity)",
  "!has(object.spec.affinity.nodeAffinity.required)", // an error in Kubernetes' own CEL
  "!has(object.spec.initContainers) && !has(object.spec.initContainers.x)", // null is absent
  "!has(object.metadata.labels.toString)",
  'object.metadata.labels.constructor == "x"',
  "!has(request.userInfo)",
  '"a\\"b\'c\\n{{" == "a\\"b\'c\\n{{"',
  "b'\\xff' == b'\\xff' && 2u > 1u && 1.5 > 1.25",
  "10 - (5 - 2) == 7 && 8 / (4 / 2) == 4 && 7 % (5 % 3) == 1",
  "-(5 == 5 ? 1 : 2) == -1 && -(-(1)) == 1 && !(true && false)",
  "(false ? false : true) ? (true ? true : false) : false",
  "true || (false && (false || true))",
  "(1 == 1) == (2 == 2) && (1 in [1]) == true",
  "1e21 > 1e20 && 1e-7 < 1e-6 && 0.1 + 0.2 == 0.30000000000000004 && 1.12345678901 > 1.1234567890",
  "object.spec.priority < 1e21",
  '!("\u{1f600}" in object.metadata.labels) && "\u{1f600}".size() == 1 && "é\u0007" == "\\u00e9\\a"',
  '{"a": [1, 2][1], "b": 3}["a"] == 2 && [{1: "x"}][0][1] == "x"',
  "object.?spec[?'priority'].orValue(0.0) == 2.0 && !object.?spec.?x[?0].hasValue()",
  "'a,b,,c'.split(',') == ['a', 'b', '', 'c'] && 'a,b,c'.split(',', 2) == ['a', 'b,c']",
  "'a,b'.split(',', 0) == [] && 'a,b'.split(',', -1).size() == 2 && ['a', 'b'].join('-') == 'a-b'",
  "['a', 'b'].join() == 'ab' && 'abab'.indexOf('b') == 1 && 'abab'.indexOf('b', 2) == 3",
  "'abab'.lastIndexOf('a') == 2 && 'abab'.lastIndexOf('a', 1) == 0 && 'a'.indexOf('', 7) == 7",
  "object.spec.priority % 2 == 0.0 && 7 % object.spec.priority == 1.0 && object.spec.priority % object.spec.priority == 0.0",
  "duration('1h') > duration('1m') && timestamp('2026-01-01T00:00:00Z').getHours('UTC') == 0",
];

const PROBLEMS: readonly (readonly [string, RegExp, string?])[] = [
  ["spark.rol == 'driver'", /^spark has no field rol \(at character 7\)$/, "rol"],
  ["object.a || has(request.userInfo.user)", /^request\.userInfo has no field user/, "user"],
  ["request.userInfo.user == ''", /^request\.userInfo has no field user/, "user"],
  ["spark['rol'] == 'driver'", /^spark has no field rol \(at character \d+\)$/, "rol"],
  ["spark[?'rol'].orValue('') == 'driver'", /^spark has no field rol/, "rol"],
  ["spark.?rol.orValue('') == 'driver'", /^spark has no field rol/, "rol"],
  ["request['userInfo']['user'] == ''", /^request\["userInfo"\] has no field user/, "user"],
  ["request.?userInfo[?'user'].hasValue()", /has no field user/, "user"],
  ["has(app.nam)", /^app has no field nam/, "nam"],
  ["sparc.role == ''", /^there is no variable sparc/, "sparc"],
  ["namespace.labels == {}", /namespaceObject/],
  ['conf["spark.executor.memory"] == "1g"', /a Pod does not show Spark's conf/],
  ["object.spec.containers[", /^is not CEL: /],
  ["", /^is not CEL: /],
  ["app.name + 1 == ''", /no such overload/],
  ["app.name", /^is of type string, must be true or false$/],
  [
    String.raw`app.name.matches('^a\d')`,
    /^is not CEL: Invalid escape sequence: \\d \(at character 21\); write r'\.\.\.' for a text/,
  ],
  ["app.name.matches('(')", /is not a regular expression of RE2/],
  ["app.name.matches(object.metadata.name)", /must be written out as a string/],
  ["cel.bind(a, [1], a + a) == []", /cel\.bind is not offered/],
  ["object.a.all(x, x.all(y, y.all(z, z)))", /at most 2 levels/],
  ["object.a.all(app, app.x)", /all\(app, \.\.\.\) hides app/],
  ['has(object.metadata.labels["a/b"])', /"a\/b" in object\.metadata\.labels/],
  [
    "has(object.?spec.x)",
    /^has\(\) takes a\.b, without \?: has\(object\.spec\.x\), which is false where/,
  ],
  ["has(object.spec.?x)", /^has\(\) takes a\.b, without \?: has\(object\.spec\.x\)/],
  [
    "has(object.spec.containers[0].a.b)",
    /of a list: object\.spec\.containers\.exists\(e, has\(e\.a\.b\)\); .*: object\.spec\.containers\[0\]\.\?a\.\?b\.hasValue\(\)$/,
  ],
  ["has(object.spec.f().a)", /^has\(\) takes a chain of fields from a variable, has\(a\.b\.c\)$/],
  ...["constructor", "__proto__", "prototype"].map(
    (key) =>
      [
        `'a' in {'b': 1, '${key}': 1}`,
        new RegExp(`^'${key}' cannot be a key of a map that is`),
      ] as const,
  ),
  ["'x' in app", /^no such overload: string in app/],
  ["__step(true)", /no matching overload|not CEL/],
  ['"\ud83d" == app.name', /half of a character/],
  ["app.name.startswith('a')", /'string\.startswith\(string\)' .*; did you mean 'startsWith'\?$/],
  ["object.x.endWith('a')", /; did you mean 'endsWith'\?$/],
  ["quantty('1').isLessThan(quantity('2'))", /; did you mean 'quantity'\?$/],
  ["app.name.frobnicate('a')", /'string\.frobnicate\(string\)' \(at character 1\)$/],
  ["app.name.__contains('a')", /^found no matching overload/],
  ["quantity('1') > quantity('2')", /compared with isGreaterThan, isLessThan or compareTo$/],
  ["quantity('1') == quantity('2')", /compared with isGreaterThan, isLessThan or compareTo$/],
  [`"${"x".repeat(5000)}" == ""`, /has 5008 characters, at most 4096/],
  [`${"(".repeat(300)}true${")".repeat(300)}`, /is not CEL/],
];

const FAILURES: readonly (readonly [string, RegExp])[] = [
  ["object.spec.nodeName == ''", /^no such key 'nodeName': ask with has\(\)$/],
  ["spark.container == ''", /^no such key 'container': ask with has\(\)$/],
  ["object.metadata[object.metadata.name] == ''", /^no such key$/],
  ["object.metadata.labels['a/b'] == ''", /^no such key 'a\/b': ask with 'a\/b' in \.\.\.$/],
  [
    "object.spec.priority.contains('a')",
    /^found no matching overload for '\S*\.contains\(\S*string\S*\)'$/,
  ],
  ["object.metadata.name.indexOf('l', 3) == 1", /^index out of range$/],
  ["[object.spec.priority].join(',') == ''", /^invalid list element type$/],
  ["duration(object.metadata.name) == duration('1s')", /^invalid duration$/],
  ["object.metadata.name > 1", /^no such overload: dyn<string> > int$/],
  ["int(object.metadata.name) == 1", /^int conversion error$/],
  ["object.spec.priority % 0 == 1.0", /^modulo by zero$/],
  [
    "object.metadata.labels[object.spec.containers] == ''",
    /^a key is text, a number or a boolean$/,
  ],
  ["{object.spec.containers: 1}.size() == 1", /^a key is text, a number or a boolean$/],
  ["object.metadata.labels[?object.spec].hasValue()", /^a key is text, a number or a boolean$/],
  ["int(object.spec) == 1", /^found no matching overload for 'int\(map<string, double>\)'$/],
  ["bool(object.metadata.name)", /^bool conversion error$/],
  ["object.spec.containers[7].name == ''", /index out of bounds/],
  ["object.spec.priority", /^is not true or false$/],
  ["quantity(object.metadata.name).isLessThan(quantity('1'))", /no quantity/],
];

describe("expressions", () => {
  for (const text of TRUE) {
    it(text, () => {
      assert.equal(compileExpression(text, "bool").evaluate(variables), true);
    });
  }

  it("know which variables they name", () => {
    const { names } = compileExpression(
      "object.spec.containers.all(c, c.x == app.id) || spark.role == ''",
      "bool",
    );
    assert.deepEqual([...names].sort(), ["app", "object", "spark"]);
  });
});

describe("expressions that cannot be", () => {
  for (const [text, message, found] of PROBLEMS) {
    it(text.slice(0, 60), () => {
      assert.throws(
        () => compileExpression(text, "bool"),
        (error) => {
          assert.ok(error instanceof CelProblem, String(error));
          assert.match(error.message, message);
          assert.doesNotMatch(error.message, /\n/);
          assert.equal(error.found, found);
          return true;
        },
      );
    });
  }
});

describe("expressions without a value", () => {
  for (const [text, message] of FAILURES) {
    it(text, () => {
      assert.throws(
        () => compileExpression(text, "bool").evaluate(variables),
        (error) => {
          assert.ok(error instanceof CelFailure, String(error));
          assert.match(error.message, message);
          assert.doesNotMatch(error.message, /etl/, "no value of the object's");
          return true;
        },
      );
    });
  }
});

describe("objects with a key `constructor`", () => {
  const resources = { limits: { memory: "2Gi", constructor: "x" }, constructor: "y" };
  const odd = {
    metadata: { labels: { team: "blocked", constructor: "x" } },
    spec: { containers: [{ name: "a", resources }, { name: "b" }] },
  };
  for (const text of [
    'object.?metadata.?labels.?team.orValue("") == "blocked"',
    'object.metadata.labels[?"team"].orValue("") == "blocked"',
    'object.?metadata.?labels.?constructor.orValue("") == "x"',
    'object.spec.containers[0].?resources.?limits.?memory.orValue("") == "2Gi"',
    'object.spec.containers.map(c, c.?resources.?limits.?memory.orValue("-")) == ["2Gi", "-"]',
    'object.spec.containers.exists(c, c.?resources.?limits.?memory.orValue("") == "2Gi")',
    'optional.of(object.metadata.labels).?team.orValue("") == "blocked"',
    '!(object.metadata.labels.team == "x" && quantity(object.metadata.labels.team).isLessThan(quantity("1")))',
    'bytes("{\\"a\\": {\\"b\\": 1, \\"constructor\\": 2}}").json().?a.?b.orValue(0.0) == 1.0',
  ]) {
    it(text, () => {
      assert.equal(compileExpression(text, "bool").evaluate({ object: odd }), true);
    });
  }
});
