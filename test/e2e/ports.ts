import { createServer } from "node:net";

/** Below Linux's ephemeral range (32768 on), where outgoing connections would take ports from us. */
const FIRST = 20_000;
const LAST = 31_999;

/** Finds ports of 127.0.0.1 that nothing listens on. They are not held: use them soon. */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1));
    if (await isFree(port)) found.add(port);
  }
  return [...found];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => {
      resolve(false);
    });
    server.listen(port, "127.0.0.1", () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
