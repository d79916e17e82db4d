import type { KeyError } from '../../errors/developer-errors.js';
import type { KeyRingEvent } from './key-ring-events.js';
import { readDirectoryKey, type DirectoryReader } from './directory-key.js';
import { HeldKey, type UsableKey } from './held-key.js';
import type { LivingKey } from './key-life.js';
import type { KeyFiles, KeyListing } from './key-listing.js';
import { ringKeysOf, type RingKeys } from './ring-state.js';

/**
 * What is in memory of a folder of keys. It is brought up to date file by file: one that is bad harms no other, and is
 * tried again each time.
 */
export class HeldKeys {
  readonly #held = new Map<string, HeldKey>();
  /** When each was revoked, by kid. Unix seconds. */
  readonly #revoked = new Map<string, number>();
  readonly #strangers = new Set<string>();
  readonly #raise: (event: KeyRingEvent) => void;

  constructor(raise: (event: KeyRingEvent) => void) {
    this.#raise = raise;
  }

  /** What a ring is made of. */
  get ringKeys(): RingKeys {
    return ringKeysOf([...this.#held.values()], this.#revoked);
  }

  /** Whether the folder has private keys at all, good, bad or revoked. */
  get hasPrivateFile(): boolean {
    return [...this.#held.values()].some(({ isPrivate }) => isPrivate);
  }

  /** Since when a key is there, as its file says. Unix seconds. */
  publishedAt(name: string): number {
    return this.#held.get(name)?.publishedAt ?? Number.POSITIVE_INFINITY;
  }

  /** What is wrong with the first bad one, for a boot that finds no good one. */
  get firstFault(): KeyError | undefined {
    return [...this.#held.values()].find(({ fault }) => fault !== undefined)?.fault;
  }

  /** Brings what is held up to date with the folder. It never throws for what is in a file. */
  async update(listing: KeyListing, reader: DirectoryReader): Promise<void> {
    this.#warnOfStrangers(listing.strangers);
    for (const files of listing.keys) await this.#read(files, reader);
    const present = new Set(listing.keys.map(({ stem }) => stem));
    for (const held of this.#held.values()) if (!present.has(held.name)) this.#lose(held);
    for (const [kid, revokedAt] of listing.revoked) this.#revoke(kid, revokedAt);
  }

  /** Forgets keys whose files are gone and of which nothing is needed any more. @returns whether there were any. */
  forgetLost(isNeeded: (held: UsableKey) => boolean): boolean {
    const { usable, ended } = this.ringKeys;
    const needed = new Set<LivingKey>([...usable.filter(isNeeded), ...ended]);
    const lost = [...this.#held.values()].filter((held) => held.isLost && !needed.has(held));
    for (const { name } of lost) this.#held.delete(name);
    return lost.length > 0;
  }

  async #read(files: KeyFiles, reader: DirectoryReader): Promise<void> {
    const held = this.#held.get(files.stem) ?? new HeldKey(files);
    this.#held.set(files.stem, held);
    if (held.isUpToDate(files)) return;
    const before = held.fault;
    const reading = await readDirectoryKey(files, reader);
    held.take(reading, files);
    if (reading.fault) {
      if (before?.code !== reading.fault.code)
        this.#raise({ type: 'faulty', name: held.name, error: reading.fault });
      return;
    }
    if (before) this.#raise({ type: 'recovered', name: held.name });
    for (const message of reading.key?.warnings ?? []) this.#raise({ type: 'notice', message });
  }

  #lose(held: HeldKey): void {
    if (held.isLost) return;
    const fault = held.lose();
    this.#raise({ type: 'faulty', name: held.name, error: fault });
  }

  /** Once is for good: that the file is taken away again does not bring the key back while this process lives. */
  #revoke(kid: string, revokedAt: number): void {
    const known = this.#revoked.get(kid);
    // While its link was being swapped, say, it could not be told when.
    if (known === Number.POSITIVE_INFINITY) this.#revoked.set(kid, revokedAt);
    if (known !== undefined) return;
    const held = this.ringKeys.usable.find(({ key }) => key.verificationKey.kid === kid);
    this.#revoked.set(kid, revokedAt);
    if (held) this.#raise({ type: 'revoked', kid, name: held.name });
  }

  #warnOfStrangers(names: readonly string[]): void {
    for (const name of names) {
      if (this.#strangers.has(name)) continue;
      this.#strangers.add(name);
      const message =
        `${name} in the folder of keys is not used: a key of a ring is named rs256.pem, or rs256-20261122T100000Z.pem with ` +
        'the time from which it signs.';
      this.#raise({ type: 'notice', message });
    }
  }
}
