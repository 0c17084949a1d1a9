import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  formatImageReference,
  isWithinRegistry,
  parseImageReference,
} from "../../../src/kubernetes/image-reference.ts";

const hex64 = "0123456789abcdef".repeat(4);

function full(text: string): string | undefined {
  const ref = parseImageReference(text);
  return ref === undefined ? undefined : formatImageReference(ref);
}

describe("parseImageReference", () => {
  const names: readonly (readonly [string, string])[] = [
    ["spark", "docker.io/library/spark"],
    ["spark:3.5.1", "docker.io/library/spark:3.5.1"],
    ["apache/spark", "docker.io/apache/spark"],
    ["docker.io/spark", "docker.io/library/spark"],
    ["index.docker.io/spark:4", "docker.io/library/spark:4"],
    ["Docker.IO/spark", "docker.io/library/spark"],
    ["library/spark", "docker.io/library/spark"],
    ["reg:5000/spark", "reg:5000/spark"],
    ["reg:5000/spark:4", "reg:5000/spark:4"],
    ["localhost/spark", "localhost/spark"],
    ["localhosts/spark", "docker.io/localhosts/spark"],
    ["Registry.Acme.com/team/spark", "registry.acme.com/team/spark"],
    ["REG/spark", "REG/spark"],
    ["LOCALHOST/spark", "localhost/spark"],
    ["[::1]:5000/spark:4", "[::1]:5000/spark:4"],
    ["[2001:DB8::1]/spark", "[2001:db8::1]/spark"],
    ["10.0.0.1/spark", "10.0.0.1/spark"],
    ["my-own--reg.acme-inc--eu.com:5000/spark", "my-own--reg.acme-inc--eu.com:5000/spark"],
    ["a-1.b-2/spark", "a-1.b-2/spark"],
    ["quay.io/a/b__c/d--e.f_g:_T.-", "quay.io/a/b__c/d--e.f_g:_T.-"],
    [`spark@sha256:${hex64}`, `docker.io/library/spark@sha256:${hex64}`],
    [`reg:5000/spark:4@sha256:${hex64}`, `reg:5000/spark:4@sha256:${hex64}`],
    [`spark@sha512:${hex64}${hex64}`, `docker.io/library/spark@sha512:${hex64}${hex64}`],
    [`spark@future+b64:${hex64}ABC`, `docker.io/library/spark@future+b64:${hex64}ABC`],
    [
      `spark@sha384:${hex64}${hex64.slice(32)}`,
      `docker.io/library/spark@sha384:${hex64}${hex64.slice(32)}`,
    ],
    [`${hex64}0`, `docker.io/library/${hex64}0`],
    [`spark@future:${"0".repeat(505)}`, `docker.io/library/spark@future:${"0".repeat(505)}`],
    [`library/${hex64}`, `docker.io/library/${hex64}`],
    [`spark:${"t".repeat(128)}`, `docker.io/library/spark:${"t".repeat(128)}`],
    [`q.io/${"a".repeat(255)}`, `q.io/${"a".repeat(255)}`],
  ];
  for (const [written, expected] of names) {
    it(`reads ${written} as ${expected}`, () => {
      assert.equal(full(written), expected);
    });
  }

  it("tells the parts apart", () => {
    assert.deepEqual(parseImageReference(`reg:5000/a/b:c@sha256:${hex64}`), {
      registry: "reg:5000",
      repository: "a/b",
      tag: "c",
      digest: `sha256:${hex64}`,
    });
    assert.deepEqual(parseImageReference("reg:5000/spark"), {
      registry: "reg:5000",
      repository: "spark",
    });
  });

  const refused: readonly string[] = [
    "",
    " spark",
    "spark\n",
    "Spark",
    "apache/Spark",
    "spark:",
    "spark@",
    "spark:-x",
    "spark:a:b",
    `spark:${"t".repeat(129)}`,
    "spark:3.5/x",
    "a//b",
    "/spark",
    "spark/",
    "docker.io/",
    "a___b",
    "a..b",
    "-a",
    "a-",
    "a._b",
    "-reg.io/spark",
    "reg..io/spark",
    "reg:port/spark",
    "[::1/spark",
    "[::1%eth0]:5000/spark",
    "bücher.io/spark",
    "https://reg.io/spark",
    "spark:${TAG}",
    hex64,
    `spark@sha256:${hex64.slice(1)}`,
    `spark@sha256:${hex64}0`,
    `spark@sha256:${hex64.toUpperCase()}`,
    `spark@sha512:${hex64}`,
    `spark@${hex64}`,
    `spark@sha256:${hex64}:4`,
    "spark@md5:abc",
    `spark@!sha256:${hex64}`,
    `spark@sha384:${hex64}`,
    `spark@future:${"0".repeat(506)}`,
    `q.io/${"a".repeat(256)}`,
    `q.io/${"a/".repeat(600)}a`,
    `${"a-".repeat(300)}.io/${"a-".repeat(120)}!`,
  ];
  for (const written of refused) {
    it(`refuses ${JSON.stringify(written.slice(0, 80))}`, () => {
      assert.equal(parseImageReference(written), undefined);
    });
  }
});

describe("isWithinRegistry", () => {
  const cases: readonly (readonly [image: string, prefix: string, within: boolean])[] = [
    ["registry.acme.com/spark:4", "registry.acme.com/spark", true],
    ["registry.acme.com/spark/x", "registry.acme.com/spark", true],
    ["registry.acme.com/spark/x", "registry.acme.com/spark/", true],
    ["registry.acme.com/sparkling", "registry.acme.com/spark", false],
    ["registry.acme.com/spark", "Registry.Acme.com", true],
    ["registry.acme.com.evil.io/spark", "registry.acme.com", false],
    ["registry.acme.com:8443/spark", "registry.acme.com", false],
    ["evil.io/registry.acme.com/spark", "registry.acme.com/spark", false],
    ["spark", "docker.io", true],
    ["spark", "index.docker.io", true],
    ["spark", "library", true],
    ["apache/spark", "apache", true],
    ["apache/spark", "docker.io/apache", true],
    ["apache-evil/spark", "apache", false],
    ["quay.io/apache/spark", "apache", false],
    ["spark", "spark", false],
    ["spark/x", "spark", true],
    ["reg:5000/spark", "reg:5000", true],
    ["localhost/spark", "localhost", true],
    ["spark", "", false],
    ["spark", "/", false],
  ];
  for (const [image, prefix, within] of cases) {
    it(`${image} is ${within ? "" : "not "}within ${JSON.stringify(prefix)}`, () => {
      const ref = parseImageReference(image);
      assert.ok(ref);
      assert.equal(isWithinRegistry(ref, prefix), within);
    });
  }
});
