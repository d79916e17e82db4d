import type { Validity } from './claim-rules.js';
import type { JsonObject } from './strict-json.js';

/** A token whose signature was verified, with what it says. Both are deep-frozen. */
export interface VerifiedToken {
  /** The whole text. Only canonical text verifies, so it is the identity of the token. */
  readonly text: string;
  readonly header: JsonObject;
  readonly claims: JsonObject;
  /** When the configured demands accept the claims; undefined where it was not those that they were measured against. */
  readonly validity: Validity | undefined;
}

/** A place in the queue from the newest entry to the oldest. */
interface Entry extends VerifiedToken {
  readonly key: string;
  readonly size: number;
  /** Looked up since the hand last passed. */
  isSeenAgain: boolean;
  newer: Entry | undefined;
  older: Entry | undefined;
}

/** The size of an ordinary entry, in characters of token text. A longer text counts for what it is. */
const ORDINARY_SIZE = 1024;

/**
 * Characters of the signature that make the map's key. Few, for the hash of a fresh string is yet to be computed; and V8
 * copies a slice of up to 12 characters, while a longer one is a view that it compares much more slowly.
 */
const KEY_LENGTH = 12;

/**
 * Tokens that were verified, so that the RSA operation is done once for each. What depends on the time, on the call
 * or on revocation is not remembered: whoever takes a token from here measures its claims again.
 *
 * Eviction is SIEVE (Zhang et al., NSDI 2024): a hit writes one flag and moves nothing, which an LRU cannot, and when
 * room is needed a hand walks from the oldest entry towards the newest, sparing what was seen again and evicting the
 * first that was not. A flood of tokens that are used once so drives out itself, not the tokens in steady use.
 */
export class VerifiedTokenCache {
  private readonly room: number;
  private readonly entries = new Map<string, Entry>();
  private newest: Entry | undefined;
  private oldest: Entry | undefined;
  private hand: Entry | undefined;
  private size = 0;
  private keysVersion: unknown;

  /** @param maxSize - entries; one of more than 1,024 characters counts for several. */
  constructor(maxSize: number) {
    this.room = maxSize * ORDINARY_SIZE;
  }

  /** @param keysVersion - of the verification keys now. Tokens that were verified under others are forgotten. */
  get(text: string, keysVersion: unknown): VerifiedToken | undefined {
    if (keysVersion !== this.keysVersion) this.empty(keysVersion);
    const entry = this.entries.get(text.slice(-KEY_LENGTH));
    if (entry === undefined || entry.text !== text) return undefined;
    entry.isSeenAgain = true;
    return entry;
  }

  /** @param keysVersion - of the keys that the token was verified under; if others are current by now, it is not stored. */
  set({ text, header, claims, validity }: VerifiedToken, keysVersion: unknown): void {
    const key = text.slice(-KEY_LENGTH);
    const size = Math.max(ORDINARY_SIZE, text.length);
    if (keysVersion !== this.keysVersion || this.entries.has(key) || size > this.room) return;
    while (this.size + size > this.room) this.evictOne();
    const entry: Entry = {
      text,
      header,
      claims,
      validity,
      key,
      size,
      isSeenAgain: false,
      newer: undefined,
      older: this.newest,
    };
    if (this.newest) this.newest.newer = entry;
    this.newest = entry;
    this.oldest ??= entry;
    this.entries.set(key, entry);
    this.size += size;
  }

  private evictOne(): void {
    let candidate = this.hand ?? this.oldest;
    while (candidate?.isSeenAgain) {
      candidate.isSeenAgain = false;
      candidate = candidate.newer ?? this.oldest;
    }
    if (!candidate) return;
    this.hand = candidate.newer;
    this.remove(candidate);
  }

  private remove(entry: Entry): void {
    if (entry.newer) entry.newer.older = entry.older;
    else this.newest = entry.older;
    if (entry.older) entry.older.newer = entry.newer;
    else this.oldest = entry.newer;
    this.entries.delete(entry.key);
    this.size -= entry.size;
  }

  private empty(keysVersion: unknown): void {
    this.entries.clear();
    this.newest = this.oldest = this.hand = undefined;
    this.size = 0;
    this.keysVersion = keysVersion;
  }
}
