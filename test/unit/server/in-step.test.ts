import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { inStep } from "../../../src/server/in-step.ts";

interface Item {
  readonly name: string;
  readonly size?: number;
}

/** Takes items through two steps, and writes down what happened. */
function recording(options: { readonly most?: number; readonly fails?: string } = {}) {
  const events: string[] = [];
  const push = inStep<Item>({
    steps: [
      ({ name }) => {
        events.push(`read ${name}`);
        if (name === options.fails) throw new Error("broken");
        return name !== "dropped";
      },
      ({ name }) => {
        events.push(`sent ${name}`);
        return true;
      },
    ],
    onError: ({ name }, error) => {
      events.push(`${name} failed: ${String(error)}`);
    },
    sizeOf: ({ size = 1 }) => size,
    most: options.most ?? 100,
  });
  return { events, push };
}

test("what came in one turn goes through the first step, then through the second", async () => {
  const { events, push } = recording();
  push({ name: "a" });
  push({ name: "b" });
  assert.deepEqual(events, [], "nothing is done while others are still being read");
  await turn();
  assert.deepEqual(events, ["read a", "read b", "sent a", "sent b"]);
});

test("an item that is dropped or fails does not go on, the others do", async () => {
  const { events, push } = recording({ fails: "bad" });
  for (const name of ["bad", "dropped", "good"]) push({ name });
  await turn();
  assert.deepEqual(events, [
    "read bad",
    "bad failed: Error: broken",
    "read dropped",
    "read good",
    "sent good",
  ]);
});

test("what is too much for one turn goes in the next one, in order, a large item alone", async () => {
  const { events, push } = recording({ most: 10 });
  const sizes = [4, 6, 1, 50, 2];
  for (const [index, size] of sizes.entries()) push({ name: String(index), size });
  await turn();
  assert.deepEqual(events, ["read 0", "read 1", "sent 0", "sent 1"]);
  push({ name: "late" });
  for (let turns = 0; turns < 4; turns++) await turn();
  assert.deepEqual(events.slice(4), [
    ...["read 2", "sent 2"],
    ...["read 3", "sent 3"],
    ...["read 4", "read late", "sent 4", "sent late"],
  ]);
});

test("an item that a step puts in again has its turn later", async () => {
  const seen: string[] = [];
  const push = inStep<Item>({
    steps: [
      ({ name }) => {
        seen.push(name);
        if (name === "first") push({ name: "again" });
        return true;
      },
    ],
    onError: (_item, error) => {
      throw error;
    },
    sizeOf: () => 1,
    most: 10,
  });
  push({ name: "first" });
  await turn();
  assert.deepEqual(seen, ["first"]);
  await turn();
  assert.deepEqual(seen, ["first", "again"]);
});
