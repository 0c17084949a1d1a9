import { checkTlsPair, readTlsPair, type TlsPair, type TlsPaths } from "./tls-pair.ts";

/** How a {@link TlsReload} tells what it finds. */
export interface TlsReloadOptions {
  readonly paths: TlsPaths;
  /** The pair in use. */
  readonly current: TlsPair;
  /** Milliseconds between two looks at the files. */
  readonly interval: number;
  readonly onChange: (pair: TlsPair, expires: Date) => void;
  /**
   * Called once for a content that cannot be used and was the same at two looks: one look may fall between the
   * writing of the two files. The pair before it stays.
   */
  readonly onFailure: (error: Error) => void;
}

/**
 * Watches certificate files by reading them: a mounted Secret changes by a swap of symbolic links, of which
 * file system events tell too little (controller-runtime's certwatcher polls as well).
 */
export class TlsReload {
  readonly #options: TlsReloadOptions;
  #current: TlsPair;
  #unusable: string | undefined;
  #told = false;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: TlsReloadOptions) {
    this.#options = options;
    this.#current = options.current;
    this.#schedule();
  }

  /** Ends the watch. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      void this.#look().then(() => {
        this.#schedule();
      });
    }, this.#options.interval);
    // The watch alone keeps no process alive.
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    const { paths, onChange } = this.#options;
    let content = "";
    try {
      const pair = await readTlsPair(paths);
      content = pair.cert + pair.key;
      if (content !== this.#current.cert + this.#current.key) {
        const expires = checkTlsPair(pair, paths);
        onChange(pair, expires);
        this.#current = pair;
      }
      this.#unusable = undefined;
    } catch (error) {
      this.#fail(content, error instanceof Error ? error : new Error(String(error)));
    }
  }

  #fail(content: string, error: Error): void {
    // Files that cannot be read have no content; the message tells one state from the next.
    const seen = content === "" ? error.message : content;
    if (seen !== this.#unusable) {
      this.#unusable = seen;
      this.#told = false;
    } else if (!this.#told) {
      this.#told = true;
      this.#options.onFailure(error);
    }
  }
}
