import type { IncomingMessage } from "node:http";
import type { BodyBudget, ShedReason } from "./body-budget.ts";

/** A request's body, or why there is none. */
export type Body =
  | {
      readonly kind: "complete";
      readonly bytes: Buffer;
      /** To be called once, when nothing holds the bytes any more. */
      readonly release: () => void;
    }
  /** To be told with this HTTP status and one line of text. */
  | { readonly kind: "refused"; readonly status: 413 | 415; readonly reason: string }
  /** There is no room for it: to be told with HTTP 429. */
  | { readonly kind: "shed"; readonly reason: ShedReason }
  /** The caller has gone, or took too long: there is nobody to answer. */
  | { readonly kind: "aborted" };

/** First room for a body that does not say its length: all but hostile ones fit. */
const FIRST_ROOM = 16 * 1024;

/**
 * Reads the JSON body of a request. Never rejects, and never holds more than `limit` bytes, nor more than the budget
 * has: the length that is declared is taken at once, otherwise as bytes come. What comes behind a refusal is read and
 * dropped, so that the caller gets to see the answer instead of a broken connection; the server's requestTimeout
 * bounds how long.
 */
export function readBody(
  request: IncomingMessage,
  limit: number,
  budget: BodyBudget,
): Promise<Body> {
  const declared = Number(request.headers["content-length"] ?? 0);
  const room = new Room(budget);
  const refusal = refusalOfHeaders(request, declared, limit) ?? room.grow(declared);
  if (refusal !== undefined) {
    request.resume();
    return Promise.resolve(refusal);
  }
  return new Promise((resolve) => {
    const bytes = new Bytes();
    const finish = (body: Body): void => {
      request.off("data", onData).off("end", onEnd).off("close", onClose);
      if (body.kind !== "complete") {
        bytes.free();
        room.release();
      }
      resolve(body);
    };
    const onData = (chunk: Buffer): void => {
      const length = bytes.length + chunk.length;
      const refused = length > limit ? tooLarge(limit) : makeRoom(length);
      if (refused === undefined) {
        bytes.add(chunk, room.size);
        return;
      }
      finish(refused);
      request.resume();
    };
    const makeRoom = (length: number): Body | undefined =>
      length <= room.size
        ? undefined
        : room.grow(Math.min(limit, Math.max(FIRST_ROOM, 2 * length)));
    const onEnd = (): void => {
      finish({
        kind: "complete",
        bytes: bytes.whole(),
        release: () => {
          bytes.free();
          room.release();
        },
      });
    };
    // Without "end" before it: the caller hung up, or the server's requestTimeout cut it off.
    const onClose = (): void => {
      finish({ kind: "aborted" });
    };
    // An aborted request emits "error" too; without a listener that would end the process.
    request.on("error", ignoreBecauseCloseFollows);
    request.on("data", onData).on("end", onEnd).on("close", onClose);
  });
}

/** What one body has of the budget. */
class Room {
  readonly #budget: BodyBudget;
  size = 0;

  constructor(budget: BodyBudget) {
    this.#budget = budget;
  }

  grow(size: number): Body | undefined {
    const reason = this.#budget.take(size - this.size, this.size);
    if (reason !== undefined) return { kind: "shed", reason };
    this.size = size;
    return undefined;
  }

  release(): void {
    this.#budget.give(this.size);
    this.size = 0;
  }
}

/**
 * Chunks in one piece of memory. A list of them would not do: a chunk may have one byte, and its Buffer takes a
 * hundred, so that 7 MiB would be 700. The usual body is one chunk, which is not copied.
 */
class Bytes {
  length = 0;
  #piece: Buffer | undefined;
  /** Whether the piece is our own, and not a chunk of Node's. */
  #own = false;

  /** Adds a chunk; `size` is what there is room for at present. */
  add(chunk: Buffer, size: number): void {
    if (this.#piece === undefined) {
      this.#piece = chunk;
    } else {
      this.#makeRoom(this.#piece, this.length + chunk.length, size);
      chunk.copy(this.#piece, this.length);
    }
    this.length += chunk.length;
  }

  whole(): Buffer {
    return this.#piece?.subarray(0, this.length) ?? Buffer.alloc(0);
  }

  /** Gives back the memory at once: the garbage collector would let some 64 MiB of it gather first. */
  free(): void {
    if (this.#own) detach(this.#piece);
    this.#piece = undefined;
  }

  #makeRoom(piece: Buffer, needed: number, size: number): void {
    if (needed <= piece.length) return;
    // Not out of Node's pool, of which a part would keep the whole.
    const larger = Buffer.allocUnsafeSlow(size);
    piece.copy(larger, 0, 0, this.length);
    if (this.#own) detach(piece);
    this.#piece = larger;
    this.#own = true;
  }
}

function detach(piece: Buffer | undefined): void {
  const memory = piece?.buffer;
  if (memory instanceof ArrayBuffer) memory.transfer(0);
}

function refusalOfHeaders(
  { headers }: IncomingMessage,
  declared: number,
  limit: number,
): Body | undefined {
  const type = headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    return { kind: "refused", status: 415, reason: "Content-Type must be application/json" };
  }
  const encoding = headers["content-encoding"]?.trim().toLowerCase() ?? "identity";
  if (encoding !== "identity") {
    // The API server never compresses; unpacking would turn a small body into one of any size.
    return { kind: "refused", status: 415, reason: "Content-Encoding must be identity" };
  }
  return declared > limit ? tooLarge(limit) : undefined;
}

function tooLarge(limit: number): Body {
  return { kind: "refused", status: 413, reason: `the body has more than ${limit} bytes` };
}

function ignoreBecauseCloseFollows(): void {
  // See onClose.
}
