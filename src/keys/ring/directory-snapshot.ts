import { readDirectoryKey } from './directory-key.js';
import { HeldKey } from './held-key.js';
import type { KeyDirectory } from './key-directory.js';
import type { KeyListing } from './key-listing.js';
import { ringKeysOf, ringStateOf, type RingState } from './ring-state.js';

/** A folder of keys at one moment: every key of it, be it good, bad or revoked. A ring goes on; this does not. */
export class DirectorySnapshot {
  /** All of which there are files. */
  readonly held: readonly HeldKey[];
  readonly listing: KeyListing;
  /** What a ring makes of the keys. */
  readonly state: RingState;

  /**
   * @param retention - seconds for which a key verifies after it stopped signing.
   * @param now - Unix seconds.
   */
  constructor(held: readonly HeldKey[], listing: KeyListing, retention: number, now: number) {
    this.held = held;
    this.listing = listing;
    this.state = ringStateOf(ringKeysOf(held, listing.revoked), retention, now);
  }

  /**
   * Reads a folder once.
   *
   * @throws KeyError `ERR_KEY_DIRECTORY` when it cannot be listed. What is wrong with a file is kept with its key.
   */
  static async take(directory: KeyDirectory, retention: number, now: number): Promise<DirectorySnapshot> {
    const listing = await directory.list();
    const reader = { directory: directory.path, passphrase: directory.passphrase, now };
    const held: HeldKey[] = [];
    for (const files of listing.keys) {
      const key = new HeldKey(files);
      key.take(await readDirectoryKey(files, reader), files);
      held.push(key);
    }
    return new DirectorySnapshot(held, listing, retention, now);
  }

  /** Those with which something is wrong. Their public half may still be good. */
  get faulty(): readonly HeldKey[] {
    return this.held.filter(({ fault }) => fault !== undefined);
  }

  /** Whether the folder has private keys at all, good, bad or revoked. */
  get hasPrivateFile(): boolean {
    return this.held.some(({ isPrivate }) => isPrivate);
  }

  /** Whether it was revoked after it had begun. */
  hasEnded(held: HeldKey): boolean {
    return held.hasEnded(this.listing.revoked);
  }

  isRevoked(held: HeldKey): boolean {
    return held.revokedAt(this.listing.revoked) !== undefined;
  }
}
