import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseCommandLine } from "../../../../src/spark/submit/command-line.ts";

function parsed(...words: readonly string[]) {
  const result = parseCommandLine(words);
  assert.ok(result.kind === "parsed", JSON.stringify(result));
  const { options, conf, resource, args } = result.command;
  return { options: Object.fromEntries(options), conf: Object.fromEntries(conf), resource, args };
}

function problems(...words: readonly string[]): readonly string[] {
  const result = parseCommandLine(words);
  assert.ok(result.kind === "wrong", "it has no problem");
  return result.problems;
}

describe("the arguments of spark-submit", () => {
  it("are options with a value behind them or behind =, of each the last", () => {
    assert.deepEqual(parsed("--name", "a", "--name=b", "--executor-cores=2", "x.py").options, {
      "--name": "b",
      "--executor-cores": "2",
    });
  });

  it("have conf in four ways, of each key the last, with = in values", () => {
    const words = [
      "--conf",
      "spark.a=1",
      "--conf=spark.b=2=3",
      "-c",
      "spark.c=",
      "-c",
      "spark.a=4",
    ];
    assert.deepEqual(parsed(...words, "x.py").conf, {
      "spark.a": "4",
      "spark.b": "2=3",
      "spark.c": "",
    });
  });

  it("end at the primary resource; all behind it is the application's", () => {
    const { resource, args, options } = parsed(
      "-v",
      "--supervise",
      "x.py",
      "--name",
      "n",
      "--",
      "-x",
    );
    assert.equal(resource, "x.py");
    assert.deepEqual(args, ["--name", "n", "--", "-x"]);
    assert.deepEqual(options, {});
  });

  it("may be blank, and a value may look like an option", () => {
    assert.deepEqual(parsed("--name", "", "--jars", "--files", "x.py").options, {
      "--name": "",
      "--jars": "--files",
    });
    assert.equal(parsed("").resource, "");
  });

  it("know no option by a part of its name, nor -c=", () => {
    assert.deepEqual(problems("--executor-mem", "1g", "x.py"), [
      "--executor-mem: spark-submit knows no such option",
    ]);
    assert.deepEqual(problems("-c=spark.a=1", "x.py"), ["-c: spark-submit knows no such option"]);
    // The parser's pattern wants something behind the sign, and takes this for a word of its own.
    assert.deepEqual(problems("--name=", "x.py"), ["--name: spark-submit knows no such option"]);
  });

  it("name the argument that is wrong, all of them, and no value", () => {
    assert.deepEqual(
      problems("--conf", "hunter2", "--pasword=hunter2", "--deploy-mode", "x", "a.py"),
      [
        "--conf: must be KEY=VALUE, and has no '='",
        "--pasword: spark-submit knows no such option",
        "--deploy-mode: must be client or cluster",
      ],
    );
  });

  it("lack a value, or the resource", () => {
    assert.deepEqual(problems("--name"), ["--name: its value is missing"]);
    const none = /^no primary resource: /;
    assert.match(problems().join(), none);
    assert.match(problems("--name", "x.py").join(), none);
  });

  it("that submit nothing are told", () => {
    for (const word of ["--help", "-h", "--version", "--kill=a", "--status=a"]) {
      const [name = ""] = word.split("=");
      assert.deepEqual(problems(word, "x.py"), [`${name}: submits nothing`]);
    }
  });

  it("cannot have a proxy user beside a principal", () => {
    assert.match(
      problems("--proxy-user", "a", "--principal", "b", "x.py").join(),
      /^--proxy-user: /,
    );
  });
});
