import type { IncomingMessage, Server as HttpServer } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { Socket } from "node:net";

/**
 * Keeps at most `limit` connections open: a further one closes the one whose last request began longest ago, or that
 * never sent one. Node's own `maxConnections` closes the newest instead, which would let a thousand idle sockets lock
 * the API server out.
 * @param onClosed called for each that was closed to make room
 */
export function limitConnections(
  server: HttpServer | HttpsServer,
  limit: number,
  onClosed: () => void = () => undefined,
): void {
  /** By the caller's address: a TLS socket does not tell which raw one it is on. The first was used longest ago. */
  const open = new Map<string, Socket>();
  server.on("connection", (socket: Socket) => {
    const key = addressOf(socket);
    const [oldest] = open.size >= limit ? open : [];
    if (oldest !== undefined) {
      open.delete(oldest[0]);
      oldest[1].destroy();
      onClosed();
    }
    open.set(key, socket);
    socket.once("close", () => {
      if (open.get(key) === socket) open.delete(key);
    });
  });
  server.prependListener("request", ({ socket }: IncomingMessage) => {
    const key = addressOf(socket);
    const raw = open.get(key);
    if (raw === undefined) return;
    open.delete(key);
    open.set(key, raw);
  });
}

function addressOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress ?? ""} ${remotePort ?? ""}`;
}
