import { once } from "node:events";
import type { Server } from "node:net";

/** Where a server is to be reached. */
export interface Address {
  /** 0: any that is free. */
  readonly port: number;
  /** An IP address or host name; undefined: every address of this machine. */
  readonly host: string | undefined;
  /** The command line option that sets the port, for the error message. */
  readonly option: string;
}

/**
 * Opens a server's port.
 * @returns the port
 * @throws Error that names the port and what to do, where it cannot be opened
 */
export async function listen(server: Server, { port, host, option }: Address): Promise<number> {
  try {
    server.listen({ port, host });
    await once(server, "listening");
  } catch (error) {
    throw new Error(explain(error, port, option), { cause: error });
  }
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : port;
}

function explain(error: unknown, port: number, option: string): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  switch (code) {
    case "EADDRINUSE":
      return `Port ${port} is in use: stop what listens there, or choose another with ${option}`;
    case "EACCES":
      return `Port ${port} may not be opened by this user: choose one above 1023 with ${option}`;
    default:
      return `Port ${port} cannot be opened (${code}): choose another with ${option}`;
  }
}
