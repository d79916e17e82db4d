import { KeyError } from '../../errors/developer-errors.js';
import type { DirectoryKey, DirectoryReading } from './directory-key.js';
import type { LivingKey } from './key-life.js';
import type { KeyFiles } from './key-listing.js';

/** A held key that is good for something. */
export type UsableKey = HeldKey & { readonly key: DirectoryKey };

/** A key of a folder as it is held in memory: the last good reading of it, and what is wrong with its files now. */
export class HeldKey implements LivingKey {
  readonly name: string;
  readonly signsFrom: number;
  /** Undefined while it was never good. */
  key: DirectoryKey | undefined;
  fault: KeyError | undefined;
  /** Whether it has signed here. It goes on then, whatever becomes of its file. */
  hasBegun = false;
  /** Whether its files are gone. */
  isLost = false;
  /** When the older of its files was last changed. Unix seconds. */
  publishedAt = Number.POSITIVE_INFINITY;
  /** Whether a private half belongs to it, be it good or not. */
  isPrivate = false;
  #marks = '';

  constructor({ stem, signsFrom }: KeyFiles) {
    this.name = stem;
    this.signsFrom = signsFrom;
  }

  get canSign(): boolean {
    return this.key?.signer !== undefined;
  }

  get mayBegin(): boolean {
    return this.fault === undefined || this.hasBegun;
  }

  /** When it was revoked. @param revoked - Unix seconds, by kid. */
  revokedAt(revoked: ReadonlyMap<string, number>): number | undefined {
    return this.key && revoked.get(this.key.verificationKey.kid);
  }

  /** Whether it was revoked after it had begun: then it ended what came before it. */
  hasEnded(revoked: ReadonlyMap<string, number>): boolean {
    const revokedAt = this.revokedAt(revoked);
    return revokedAt !== undefined && this.signsFrom <= revokedAt;
  }

  /** Whether the files are those that were read last, and were good. */
  isUpToDate(files: KeyFiles): boolean {
    return this.fault === undefined && this.#marks === marksOf(files);
  }

  /** Takes a new reading in. What is bad now does not drive out what was good before. */
  take({ key, fault }: DirectoryReading, files: KeyFiles): void {
    this.#marks = marksOf(files);
    this.isLost = false;
    this.publishedAt = files.publishedAt;
    this.isPrivate = files.privateMark !== undefined;
    this.fault = fault;
    if (!key) return;
    // Of a private half that went bad, the one that was read before still signs.
    const isLess = fault !== undefined && this.canSign && key.signer === undefined;
    if (!isLess) this.key = key;
  }

  /** Notes that its files are gone. What was read of them stays in use. */
  lose(): KeyError {
    this.isLost = true;
    this.#marks = '';
    this.fault = new KeyError(
      'ERR_KEY_FILE_MISSING',
      `${this.name} is gone from the folder of keys. It stays in use until its end, and until this process ends. Put it back; to ` +
        "take a key out of use, use 'npx jwt-rs256 revoke'.",
    );
    return this.fault;
  }
}

function marksOf({ privateMark, publicMark }: KeyFiles): string {
  return `${privateMark} ${publicMark}`;
}
