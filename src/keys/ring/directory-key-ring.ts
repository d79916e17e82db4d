import { KeyError, VerifyOnlyError } from '../../errors/developer-errors.js';
import { KeysUnavailableError } from '../../errors/unavailable-errors.js';
import type { EventSource, Listener } from '../../events/event-source.js';
import type { Clock } from '../../time/clock.js';
import { PublicKeySet } from '../public-key-set.js';
import type { Signer } from '../signer.js';
import type { VerificationKey } from '../verification-key.js';
import type { DirectoryReader } from './directory-key.js';
import { HeldKeys } from './held-keys.js';
import { freeStart, newestStart, nextFreeStart, type KeyDirectory } from './key-directory.js';
import type { KeyListing } from './key-listing.js';
import type { KeyRingEvent } from './key-ring-events.js';
import { KeyRingReport } from './key-ring-report.js';
import { KeyRing, type RingKey } from './key-ring.js';
import { firstRotation, nextRotation } from './next-rotation.js';
import { EMPTY_RING, ringStateOf, type RingState } from './ring-state.js';
import { leadOf, retentionOf, SETTLING, soonestStart, type RotationPolicy } from './rotation-policy.js';

/** What a ring in a folder is made with. */
export interface DirectoryKeyRingParts {
  readonly directory: KeyDirectory;
  readonly policy: RotationPolicy;
  readonly clock: Clock;
  readonly events: EventSource<KeyRingEvent>;
}

/** In milliseconds. A folder is asked rather than watched: notices get lost on networks and where links are swapped. */
const POLL_INTERVAL = 1000;

/**
 * A ring whose keys are the files of a folder. What state each is in follows from its name and the time, so several
 * instances agree without talking, and nothing has to be kept in step. The reference page on keys has the names.
 */
export class DirectoryKeyRing extends KeyRing {
  override readonly publicKeys = new PublicKeySet();
  readonly #parts: DirectoryKeyRingParts;
  readonly #held: HeldKeys;
  readonly #report: KeyRingReport;
  #state: RingState = EMPTY_RING;
  #turn: Promise<unknown> = Promise.resolve();
  #isOpen = false;
  #timer: unknown;

  constructor(parts: DirectoryKeyRingParts) {
    super();
    this.#parts = parts;
    const { directory, policy, events } = parts;
    this.#held = new HeldKeys((event) => events.raise(event));
    this.#report = new KeyRingReport(directory.path, leadOf(policy), events);
  }

  /**
   * Reads the folder for the first time.
   *
   * @throws KeyError when there is no key that could be used, or, with `every`, the folder cannot be written.
   */
  async load(): Promise<void> {
    const { directory, policy } = this.#parts;
    if (policy.every !== undefined) await directory.assertWritable();
    await this.#inTurn(async () => {
      await this.#look();
      if (!this.#state.active && policy.every !== undefined) await this.#makeFirst();
      this.#assertUsable();
    });
  }

  /** Looks at the folder every second, until `close`. */
  open(): void {
    this.#isOpen = true;
    this.#schedule();
  }

  close(): void {
    this.#isOpen = false;
    this.#parts.clock.clearTimeout(this.#timer);
  }

  override get active(): Signer {
    const { active } = this.#current();
    if (active?.key.signer) return active.key.signer;
    if (!this.#held.hasPrivateFile) throw new VerifyOnlyError();
    throw new KeysUnavailableError('No key may sign right now');
  }

  override get verificationKeys(): readonly VerificationKey[] {
    return this.#current().verifying;
  }

  override get keys(): readonly RingKey[] {
    return this.#current().keys;
  }

  override async rotate(): Promise<RingKey> {
    return this.#inTurn(async () => {
      const listing = await this.#look();
      const onItsWay = this.keys.find(({ state, canSign }) => state === 'upcoming' && canSign);
      const soonest = soonestStart(this.#parts.policy, this.#parts.clock.now());
      return onItsWay ?? this.#make(nextFreeStart(listing, soonest));
    });
  }

  override async revokeKey(kid: string): Promise<void> {
    const { directory, clock } = this.#parts;
    await this.#inTurn(async () => {
      const listing = await this.#look();
      if (listing.revoked.has(kid)) return;
      if (!this.keys.some((key) => key.kid === kid)) throw unknownKid(directory.path);
      // First the successor: a process that ends in between leaves a ring that signs, and a command to be repeated.
      if (kid === this.#signing) await this.#make(freeStart(listing, clock.now()));
      await directory.revoke(kid, clock.now());
      await this.#look();
    });
  }

  override async reload(): Promise<void> {
    await this.#inTurn(() => this.#look());
  }

  override subscribe(listener: Listener<KeyRingEvent>): () => void {
    return this.#parts.events.subscribe(listener);
  }

  /** The kid of the key that signs; where none does, of the one that was made to sign at once and is about to. */
  get #signing(): string | undefined {
    const { active, keys } = this.#current();
    const soon = this.#parts.clock.now() + SETTLING;
    const about = keys.findLast(
      ({ state, canSign, signsFrom }) => state === 'upcoming' && canSign && signsFrom <= soon,
    );
    return active?.key.verificationKey.kid ?? about?.kid;
  }

  /** The state now: keys come of age between two looks at the folder. */
  #current(): RingState {
    const now = this.#parts.clock.now();
    if (!(this.#state.since <= now && now < this.#state.until)) this.#derive();
    return this.#state;
  }

  #derive(): void {
    const { policy, clock } = this.#parts;
    const now = clock.now();
    this.#state = ringStateOf(this.#held.ringKeys, retentionOf(policy), now);
    if (this.#state.active) this.#state.active.hasBegun = true;
    this.publicKeys.replace(this.#state.verifying);
    this.#report.saw(this.#state.keys, now, (name) => this.#held.publishedAt(name));
  }

  /** Looks at the folder, brings the keys up to date, and makes one if one is due. */
  async #look(): Promise<KeyListing> {
    const { directory, policy, clock } = this.#parts;
    const listing = await this.#readAll();
    const isRetired = new Set(this.keys.filter(({ state }) => state === 'retired').map(({ name }) => name));
    if (this.#held.forgetLost(({ name }) => !isRetired.has(name))) this.#derive();
    if (!this.#state.active) return listing;
    const due = nextRotation(newestStart(listing), policy, clock.now());
    if (due === undefined) return listing;
    await this.#make(due);
    return directory.list();
  }

  async #readAll(): Promise<KeyListing> {
    const listing = await this.#parts.directory.list();
    await this.#held.update(listing, this.#reader());
    this.#derive();
    return listing;
  }

  /** Publishes a key, or takes the one that another instance published under this name. */
  async #make(signsFrom: number): Promise<RingKey> {
    const { directory } = this.#parts;
    const bits = this.keys.find(({ canSign }) => canSign)?.bits;
    const stem = await directory.make(signsFrom, bits);
    await this.#readAll();
    const made = this.keys.find(({ name }) => name === stem);
    if (made) return made;
    throw this.#held.firstFault ?? trouble(directory.path);
  }

  async #makeFirst(): Promise<void> {
    const { directory, policy, clock } = this.#parts;
    const listing = await directory.list();
    const start = firstRotation(policy, clock.now());
    const isTaken = start <= newestStart(listing);
    await this.#make(isTaken ? freeStart(listing, clock.now()) : start);
  }

  /** One after the other: a look that began earlier must not be taken in after a later one. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  #schedule(): void {
    if (!this.#isOpen) return;
    this.#timer = this.#parts.clock.setTimeout(() => void this.#poll(), POLL_INTERVAL);
  }

  /** Whatever goes wrong is told once, and tried again: what is held stays in use. */
  async #poll(): Promise<void> {
    try {
      await this.reload();
      this.#report.succeeded();
    } catch (cause) {
      this.#report.failed(cause instanceof KeyError ? cause : trouble(this.#parts.directory.path, cause));
    }
    this.#schedule();
  }

  /** An issuer whose keys are all bad must not quietly become a verifier, so what is wrong with one of them is thrown. */
  #assertUsable(): void {
    const { active, verifying } = this.#current();
    const { hasPrivateFile, firstFault } = this.#held;
    if (active || (verifying.length > 0 && !hasPrivateFile)) return;
    throw firstFault ?? nothingSigns(this.#parts.directory.path, hasPrivateFile);
  }

  #reader(): DirectoryReader {
    const { directory, clock } = this.#parts;
    return { directory: directory.path, passphrase: directory.passphrase, now: clock.now() };
  }
}

function nothingSigns(path: string, isAnyThere: boolean): KeyError {
  return new KeyError(
    'ERR_KEY_DIRECTORY',
    isAnyThere
      ? `keyDirectory ${path} has private keys, but none that may sign: all are revoked, or their time is still to come. Make ` +
          `one that signs at once with 'npx jwt-rs256 rotate --now --directory ${path}'.`
      : `keyDirectory ${path} has no key: rs256.pem, or rs256-<time>.pem; the same with .pub to verify only. Make one with ` +
          `'npx jwt-rs256 keygen --directory ${path}'.`,
  );
}

function unknownKid(path: string): KeyError {
  return new KeyError(
    'ERR_KEY_UNKNOWN',
    `No key in ${path} has this kid. 'npx jwt-rs256 doctor' lists those that there are.`,
  );
}

function trouble(path: string, cause?: unknown): KeyError {
  return new KeyError('ERR_KEY_DIRECTORY', `The keys in ${path} could not be looked at.`, { cause });
}
