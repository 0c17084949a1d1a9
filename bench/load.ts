import { connect, type TLSSocket } from "node:tls";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

/** What one load round is to do. */
export interface LoadOptions {
  readonly port: number;
  readonly path: string;
  /** PEM. */
  readonly ca: string;
  /** An AdmissionReview. */
  readonly body: string;
  readonly uid: string;
  readonly connections: number;
  readonly seconds: number;
  readonly patchExpected: boolean;
}

/** What came of it. */
export interface LoadResult {
  readonly calls: number;
  readonly seconds: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** What was wrong with the first wrong answer; undefined where all were right. */
  readonly wrong: string | undefined;
}

/** Sends calls one after the other on each of some connections, from a thread of its own. */
export function runLoad(options: LoadOptions): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: options });
    worker.on("message", resolve);
    worker.on("error", reject);
  });
}

/**
 * One connection, by hand: node's own client costs more than the server under test, on a machine with two
 * cores it would be what is measured. Calls are answered in order, one at a time.
 */
class Connection {
  readonly latencies: number[] = [];
  wrong: string | undefined;
  readonly #options: LoadOptions;
  readonly #request: Buffer;
  readonly #socket: TLSSocket;
  #received: Buffer = Buffer.alloc(0);
  #sentAt = 0;
  /** A body that was looked into. The same question has the same answer, to the byte. */
  #rightBody: Buffer | undefined;

  constructor(options: LoadOptions) {
    this.#options = options;
    const { port, path, ca, body } = options;
    this.#request = Buffer.from(
      `POST ${path} HTTP/1.1\r\nHost: localhost:${port}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
    this.#socket = connect({ port, ca, host: "127.0.0.1", servername: "localhost" });
    this.#socket.setNoDelay(true);
  }

  /** Calls until the time (of performance.now) has come. */
  run(until: number): Promise<void> {
    return new Promise((resolve) => {
      const next = (): void => {
        if (this.wrong !== undefined || performance.now() >= until) {
          this.#socket.destroy();
          resolve();
          return;
        }
        this.#sentAt = performance.now();
        this.#socket.write(this.#request);
      };
      const stop = (reason: string): void => {
        this.wrong ??= reason;
        next();
      };
      this.#socket.on("secureConnect", next);
      this.#socket.on("data", (chunk: Buffer) => {
        if (this.#take(chunk)) next();
      });
      this.#socket.on("error", (error: Error) => {
        stop(`connection: ${error.message}`);
      });
      this.#socket.on("end", () => {
        stop("the connection was closed");
      });
    });
  }

  /** Whether an answer is complete. */
  #take(chunk: Buffer): boolean {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const end = this.#received.indexOf("\r\n\r\n");
    if (end < 0) return false;
    const head = this.#received.toString("latin1", 0, end);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (this.#received.length < end + 4 + length) return false;
    this.latencies.push(performance.now() - this.#sentAt);
    const body = this.#received.subarray(end + 4, end + 4 + length);
    if (this.#rightBody?.equals(body) !== true || !head.startsWith("HTTP/1.1 200 ")) {
      this.wrong ??= faultOf(head, body, this.#options);
      this.#rightBody = Buffer.from(body);
    }
    this.#received = Buffer.alloc(0);
    return true;
  }
}

function faultOf(head: string, body: Buffer, options: LoadOptions): string | undefined {
  if (!head.startsWith("HTTP/1.1 200 "))
    return `${head.split("\r\n", 1)[0] ?? ""}: ${body.toString()}`;
  const { response } = JSON.parse(body.toString()) as {
    readonly response?: {
      readonly uid?: string;
      readonly allowed?: boolean;
      readonly patch?: string;
    };
  };
  if (response?.uid !== options.uid) return `the uid is ${response?.uid ?? "missing"}`;
  if (response.allowed !== true) return "not allowed";
  return options.patchExpected && response.patch === undefined ? "no patch" : undefined;
}

async function load(options: LoadOptions): Promise<LoadResult> {
  const connections = Array.from({ length: options.connections }, () => new Connection(options));
  const start = performance.now();
  await Promise.all(
    connections.map((connection) => connection.run(start + options.seconds * 1000)),
  );
  const seconds = (performance.now() - start) / 1000;
  const latencies = connections.flatMap((connection) => connection.latencies).sort((a, b) => a - b);
  const percentile = (share: number) => latencies[Math.floor(latencies.length * share)] ?? 0;
  return {
    calls: latencies.length,
    seconds,
    p50: percentile(0.5),
    p99: percentile(0.99),
    wrong: connections.find((connection) => connection.wrong !== undefined)?.wrong,
  };
}

if (!isMainThread) parentPort?.postMessage(await load(workerData as LoadOptions));
