import { createConnection, createServer, type Socket } from "node:net";

/** A TCP port that leads to another one, and can be cut. */
export interface Relay {
  readonly port: number;
  /** Breaks all connections, and takes no new ones until {@link Relay.mend}. */
  cut: () => void;
  mend: () => void;
  stop: () => void;
}

/** Starts a relay on 127.0.0.1. */
export async function startRelay(target: number): Promise<Relay> {
  const open = new Set<Socket>();
  let isCut = false;
  const server = createServer((incoming) => {
    if (isCut) {
      incoming.destroy();
      return;
    }
    const outgoing = createConnection({ host: "127.0.0.1", port: target });
    for (const [socket, other] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ] as const) {
      open.add(socket);
      socket.on("close", () => {
        open.delete(socket);
        other.destroy();
      });
      socket.on("error", () => socket.destroy());
      socket.pipe(other);
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const breakAll = () => {
    for (const socket of open) socket.destroy();
  };
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    cut: () => {
      isCut = true;
      breakAll();
    },
    mend: () => {
      isCut = false;
    },
    stop: () => {
      server.close();
      breakAll();
    },
  };
}
