import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  WEBHOOK_CALLS,
  webhookConfigurations,
} from "../../../src/cluster/webhook-configurations.ts";
import { APPLICATION_KINDS } from "../../../src/spark/application-kinds.ts";
import { ROLES } from "../../../src/spark/role.ts";
import { recognize } from "../../../src/spark/recognize.ts";
import { admittedApplication, application, EVERY_KIND } from "../../fixtures/applications.ts";
import { admitted, driverPod } from "../../fixtures/pods.ts";

const address = { service: { namespace: "a", name: "b", port: 443 } };

describe("webhook calls", () => {
  const stages = ["mutating", "validating"] as const;
  const operations = ["CREATE", "UPDATE", "DELETE", "CONNECT"] as const;
  const resources = ["pods", "pods/ephemeralcontainers", "pods/status", "pods/resize"] as const;

  for (const admission of stages) {
    for (const operation of operations) {
      for (const resource of resources) {
        for (const role of ROLES) {
          const isWanted = WEBHOOK_CALLS.some(
            (call) =>
              call.admission === admission &&
              call.operation === operation &&
              call.resource === resource &&
              call.roles?.includes(role) === true,
          );
          // Only reported for executors, which nobody reads: not worth a call each.
          const isSpared =
            admission === "validating" && operation === "CREATE" && role === "executor";
          it(`${admission} ${operation} ${resource} of ${role}: ${isWanted ? "asked for, and looked at" : "neither"}`, () => {
            const [, subResource = ""] = resource.split("/");
            const pod = driverPod({ labels: { "spark-role": role } });
            const recognition = recognize(
              admitted(pod, { admission, operation, subResource, oldObject: pod }),
            );
            assert.equal(recognition.kind === "subject" && !isSpared, isWanted);
          });
        }
      }
    }
  }
});

describe("webhook calls for applications", () => {
  const call = WEBHOOK_CALLS.find(({ name }) => name === "applications.sparkgate.io");
  const asked = (call?.rules ?? []).flatMap(({ apiGroups, apiVersions, resources }) =>
    apiGroups.flatMap((group) =>
      apiVersions.flatMap((version) => resources.map((resource) => ({ group, version, resource }))),
    ),
  );

  it("are for every kind that is looked at, and for no other", () => {
    const known = APPLICATION_KINDS.flatMap(({ group, versions, resource }) =>
      versions.map((version) => ({ group, version, resource })),
    );
    const inOrder = (list: readonly object[]) => list.map((one) => JSON.stringify(one)).sort();
    assert.deepEqual(inOrder(asked), inOrder(known));
  });

  for (const operation of ["CREATE", "UPDATE", "DELETE", "CONNECT"]) {
    const isWanted = call?.rules?.every(({ operations }) => operations.includes(operation));
    it(`${operation}: ${isWanted === true ? "asked for, and looked at" : "neither"}`, () => {
      for (const kind of EVERY_KIND) {
        const object = application(kind, {});
        const oldObject = application(kind, { image: "i:1" });
        const recognition = recognize(admittedApplication(object, { operation, oldObject }));
        assert.equal(recognition.kind === "application", isWanted);
      }
    });
  }
});

describe("webhookConfigurations", () => {
  it("fail open for executors and kubectl debug, whatever is said for the others", () => {
    for (const failurePolicy of ["Fail", "Ignore"] as const) {
      const policies = webhookConfigurations({ address, failurePolicy }).flatMap(({ webhooks }) =>
        webhooks.map((webhook) => [webhook["name"], webhook["failurePolicy"]]),
      );
      assert.deepEqual(policies, [
        ["drivers.pods.sparkgate.io", failurePolicy],
        ["executors.pods.sparkgate.io", "Ignore"],
        ["driver-conf.sparkgate.io", failurePolicy],
        ["final-drivers.pods.sparkgate.io", failurePolicy],
        ["images.pods.sparkgate.io", failurePolicy],
        ["debug.pods.sparkgate.io", "Ignore"],
        ["applications.sparkgate.io", failurePolicy],
      ]);
    }
  });

  it("are called by a Service or by an address, with the CA where it is given", () => {
    const clients = (options: Parameters<typeof webhookConfigurations>[0]) =>
      webhookConfigurations(options).map(({ webhooks }) => webhooks[0]?.["clientConfig"]);
    assert.deepEqual(clients({ address, failurePolicy: "Fail" }), [
      { service: { ...address.service, path: "/mutate" } },
      { service: { ...address.service, path: "/validate" } },
    ]);
    const url = {
      address: { url: "https://h:1" },
      caBundle: "Q0E=",
      failurePolicy: "Fail",
    } as const;
    assert.deepEqual(clients(url), [
      { url: "https://h:1/mutate", caBundle: "Q0E=" },
      { url: "https://h:1/validate", caBundle: "Q0E=" },
    ]);
  });
});
