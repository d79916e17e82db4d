import { KeysUnavailableError } from '../../errors/unavailable-errors.js';
import type { EventSource } from '../../events/event-source.js';
import type { Clock } from '../../time/clock.js';
import type { VerificationKey } from '../verification-key.js';
import { FixedVerificationKeys, VerificationKeys } from '../verification-keys.js';
import { readJwkSet } from './read-jwk-set.js';
import type { RemoteKeyEvent } from './remote-key-event.js';
import { assertRemoteKeyPolicy, type RemoteKeyPolicy } from './remote-key-policy.js';
import { RemoteKeyReport } from './remote-key-report.js';
import {
  DiscoveredLocation,
  FixedLocation,
  type JwkSetLocation,
  type RemoteKeySource,
} from './remote-key-source.js';
import { RemoteKeysError } from './remote-keys-error.js';
import { freshFor, refreshAfter, retryAfter, type CacheHeaders } from './remote-refresh-schedule.js';

/** The keys of one good set. */
interface GoodSet {
  readonly keys: FixedVerificationKeys;
  readonly identity: string;
  readonly version: number;
}

/** The version while nothing verifies. */
const NO_KEYS = 0;

/**
 * The verification keys of another issuer, from its JWK Set (RFC 7517 §5): fetched at boot, refreshed in the background
 * before they get old, kept while the issuer is down. A known kid is answered at once. An unknown one causes a fetch,
 * at most once per interval, whoever else asks meanwhile. docs/explanation/remote-jwk-sets.md has the whole table of
 * faults.
 */
export class RemoteJwkSet extends VerificationKeys {
  readonly #location: JwkSetLocation;
  readonly #policy: RemoteKeyPolicy;
  readonly #clock: Clock;
  readonly #report: RemoteKeyReport;
  #set: GoodSet | undefined;
  #lastVersion = NO_KEYS;
  /** `clock.monotonic()` at the beginning of the last fetch that brought a good set. */
  #asOf = Number.NEGATIVE_INFINITY;
  /** In a row. While there are any, it is not known which keys the issuer has. */
  #failures = 0;
  #cause: unknown;
  /** When the pause after the last failure is over; always past while there is none. */
  #retryAt = Number.NEGATIVE_INFINITY;
  /** When an unknown kid last caused a fetch. */
  #askedAt = Number.NEGATIVE_INFINITY;
  #fetching: Promise<void> | undefined;
  #abort: AbortController | undefined;
  #timer: unknown;
  #isClosed = false;

  /** @throws OptionError for an address that must not be asked, or a policy that is none. */
  constructor(parts: {
    issuer: string;
    source: RemoteKeySource;
    policy: RemoteKeyPolicy;
    clock: Clock;
    events: EventSource<RemoteKeyEvent>;
  }) {
    super();
    const { issuer, source, policy, clock, events } = parts;
    assertRemoteKeyPolicy(policy);
    this.#policy = policy;
    this.#clock = clock;
    this.#report = new RemoteKeyReport(issuer, events);
    this.#location =
      'jwksUri' in source
        ? new FixedLocation(source.jwksUri, policy)
        : new DiscoveredLocation(issuer, policy, clock);
  }

  /** Fetches the set for the first time, and from then on in the background. An issuer that is down is no error here. */
  async open(): Promise<void> {
    if (!this.#isClosed && this.#timer === undefined) await this.#refresh();
  }

  /** Ends what is under way, and all refreshing. Keys that are known go on verifying. */
  close(): void {
    this.#isClosed = true;
    this.#clock.clearTimeout(this.#timer);
    this.#abort?.abort(new RemoteKeysError('unavailable', 'The application shuts down.'));
  }

  override get version(): number {
    return this.#goodSet()?.version ?? NO_KEYS;
  }

  override find(kid: string | undefined): VerificationKey | undefined | Promise<VerificationKey | undefined> {
    const set = this.#goodSet();
    const key = set?.keys.find(kid);
    // Without a kid, another fetch tells nothing: the set has one key, or it does not.
    if (key || (set && kid === undefined)) return key;
    const joined = this.#fetching;
    const fetching = joined ?? this.#fetchOnceMore();
    return fetching ? this.#findAfter(fetching, kid, fetching === joined) : this.#unknown();
  }

  async #findAfter(
    fetching: Promise<void>,
    kid: string | undefined,
    wasUnderWay: boolean,
  ): Promise<VerificationKey | undefined> {
    await fetching;
    const set = this.#goodSet();
    const key = set?.keys.find(kid);
    if (key || (set && kid === undefined)) return key;
    // What was under way may have been answered before the key was published.
    const next = wasUnderWay ? (this.#fetching ?? this.#fetchOnceMore()) : undefined;
    return next ? this.#findAfter(next, kid, false) : this.#unknown();
  }

  /** What to say of a kid that is not there, and for which nothing can be asked now. */
  #unknown(): undefined {
    if (this.#goodSet() && this.#failures === 0 && !this.#isClosed) return undefined;
    throw new KeysUnavailableError('The verification keys of the issuer are unavailable', {
      cause: this.#cause,
      retryAfter: (this.#retryAt - this.#clock.monotonic()) / 1000,
    });
  }

  #goodSet(): GoodSet | undefined {
    // Written so that a NaN, from whatever clock, is too old.
    const isGood = this.#clock.monotonic() - this.#asOf <= this.#policy.maxStale * 1000;
    return isGood ? this.#set : undefined;
  }

  /** For a kid that is not there: bounded by the interval, and by the pause after a failure. */
  #fetchOnceMore(): Promise<void> | undefined {
    const now = this.#clock.monotonic();
    if (this.#isClosed || now < this.#retryAt) return undefined;
    if (this.#goodSet()) {
      if (now - this.#askedAt < this.#policy.unknownKidInterval * 1000) return undefined;
      this.#askedAt = now;
    }
    return this.#refresh();
  }

  /** Never rejects. One at a time, for whoever asks. */
  #refresh(): Promise<void> {
    this.#fetching ??= this.#fetch().finally(() => (this.#fetching = undefined));
    return this.#fetching;
  }

  async #fetch(): Promise<void> {
    const began = this.#clock.monotonic();
    const { deadline } = this.#policy;
    const abort = new AbortController();
    const isOver = (): void =>
      abort.abort(new RemoteKeysError('unavailable', `There was no whole answer within ${deadline} s.`));
    this.#abort = abort;
    this.#clock.clearTimeout(this.#timer);
    const timer = this.#clock.setTimeout(isOver, deadline * 1000);
    let pause: number;
    try {
      const response = await this.#location.fetch(abort.signal);
      pause = this.#succeed(response, began);
    } catch (error) {
      if (this.#isClosed) return;
      pause = this.#fail(error);
    } finally {
      this.#clock.clearTimeout(timer);
    }
    if (!this.#isClosed) this.#timer = this.#clock.setTimeout(() => void this.#refresh(), pause);
  }

  /** @returns milliseconds to the next refresh. */
  #succeed(response: CacheHeaders & { readonly body: Buffer }, began: number): number {
    const reading = readJwkSet(response.body);
    const hasChanged = reading.identity !== this.#set?.identity;
    if (hasChanged) {
      const keys = new FixedVerificationKeys(reading.keys);
      this.#set = { keys, identity: reading.identity, version: ++this.#lastVersion };
    }
    this.#asOf = began;
    this.#failures = 0;
    this.#cause = undefined;
    this.#report.succeeded(reading, hasChanged);
    return refreshAfter(freshFor(response, this.#policy), Math.random());
  }

  /** @returns milliseconds to the next attempt. */
  #fail(error: unknown): number {
    this.#failures++;
    this.#cause = error;
    const pause = retryAfter(this.#failures, this.#policy, Math.random());
    this.#retryAt = this.#clock.monotonic() + pause;
    this.#report.failed(error, this.#goodSet() === undefined);
    return pause;
  }
}
