import type { SparkConf } from "../spark/spark-conf.ts";
import type { FieldChange } from "./draft.ts";
import type { ForeseenChange, PodField } from "./foreseen.ts";

/** An entry that a policy added to a conf. */
export interface AddedConf {
  readonly policy: string;
  readonly key: string;
  readonly value: string;
}

/** A moment in the life of a conf's draft, to which it can be rolled back. */
export interface ConfMark {
  readonly conf: SparkConf;
  readonly added: number;
  readonly claims: number;
}

/** By what a policy speaks for a label or an annotation of Pods: no key of a conf has a blank. */
export function podClaim({ role, field, key }: PodField): string {
  return `${role} metadata.${field}[${key}]`;
}

/**
 * A Spark conf that is being changed. Entries are only ever added: the last one of a key counts, so that nothing of the
 * user's is written anew.
 */
export class ConfDraft {
  #conf: SparkConf;
  /** On whose behalf entries are added. */
  #policy = "";
  readonly #added: AddedConf[] = [];
  readonly #claims: string[] = [];
  /** By what was claimed for it. */
  readonly #foreseen = new Map<string, ForeseenChange>();

  constructor(conf: SparkConf) {
    this.#conf = conf;
  }

  /** The conf as it is now. */
  get conf(): SparkConf {
    return this.#conf;
  }

  /** What was added, in order. */
  get added(): readonly AddedConf[] {
    return this.#added;
  }

  /** From now on entries are added on behalf of this policy. */
  speakFor(policy: string): void {
    this.#policy = policy;
  }

  /** Sets a key. Nothing is added where it has that value already. */
  set(key: string, value: string): void {
    if (this.#conf.raw(key) === value) return;
    this.#added.push({ policy: this.#policy, key, value });
    this.#conf = this.#conf.with(key, value);
  }

  /**
   * Speaks for a key on behalf of a policy, whether or not it needs a change.
   * @returns false where a policy of higher priority has done so before
   */
  claim(key: string): boolean {
    if (this.#claims.includes(key)) return false;
    this.#claims.push(key);
    return true;
  }

  /**
   * Says what a policy will do with a label or an annotation of Pods. Nothing of it is written into the conf.
   * @returns false where a policy of higher priority has spoken for it before
   */
  foresee(of: PodField, change: ForeseenChange): boolean {
    const claim = podClaim(of);
    if (!this.claim(claim)) return false;
    this.#foreseen.set(claim, change);
    return true;
  }

  /** What was said of a label or an annotation of Pods. */
  foreseen(of: PodField): ForeseenChange | undefined {
    return this.#foreseen.get(podClaim(of));
  }

  /** Remembers the draft as it is now. */
  mark(): ConfMark {
    return { conf: this.#conf, added: this.#added.length, claims: this.#claims.length };
  }

  /** The keys that were set since a mark. What was there before may be a secret, and is still there. */
  changesSince(mark: ConfMark): readonly FieldChange[] {
    return this.#added.slice(mark.added).map(({ key }) => ({ path: key }));
  }

  /** The keys for which was spoken since a mark. */
  claimsSince(mark: ConfMark): readonly string[] {
    return this.#claims.slice(mark.claims);
  }

  /** Undoes everything since a mark. */
  rollBack(mark: ConfMark): void {
    this.#conf = mark.conf;
    this.#added.length = mark.added;
    for (const claim of this.#claims.splice(mark.claims)) this.#foreseen.delete(claim);
  }
}
