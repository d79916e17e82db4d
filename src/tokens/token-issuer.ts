import { randomUUID } from 'node:crypto';
import { OptionError } from '../errors/developer-errors.js';
import type { Signer } from '../keys/signer.js';
import type { SigningKeys } from '../keys/signing-keys.js';
import { SigningSlots } from '../keys/signing-slots.js';
import type { Clock } from '../time/clock.js';
import { toSeconds, type Duration } from '../time/duration.js';
import { RESERVED_CLAIMS, RESERVED_HEADER_MEMBERS, type TokenType } from './claims.js';
import { requireText, requireTexts } from './option-text.js';
import { copyPlainJson } from './plain-json.js';
import type { IssuedAccessToken, SigningReservation } from './signing-reservation.js';

/** What an issuer stamps on every token. Times are in seconds. */
export interface TokenIssuerOptions {
  readonly issuer: string | undefined;
  readonly audience: readonly string[] | undefined;
  readonly clientId: string | undefined;
  readonly typ: TokenType;
  readonly accessTokenTtl: number;
  readonly maxTokenTtl: number;
  readonly notBefore: number;
  readonly requiredClaims: readonly string[];
  readonly maxTokenLength: number;
  /** Signatures that may be under way at once. */
  readonly maxPendingSignatures: number;
}

/** The claims of a new token: what the application says. Times, issuer, audience and identifier are stamped. */
export interface TokenClaimsInput {
  /** Whom the token is about. */
  readonly sub?: string;
  readonly [claim: string]: unknown;
}

/** What one call of `issue` wants different from the configured. */
export interface IssueOptions {
  /** `exp - iat`, at most `maxTokenTtl`. Default: `accessTokenTtl`. */
  ttl?: Duration;
  /** `nbf - iat`. Default: the module's `notBefore`. */
  notBefore?: Duration;
  /** `aud`. Default: the module's `audience`. */
  audience?: string | readonly string[];
  /** Further header members; those that decide how the token is verified are refused. */
  header?: Readonly<Record<string, unknown>>;
  /** `jti`. Default: a random UUID. */
  jwtid?: string;
}

/** Issues RS256 access tokens (RFC 9068). It knows who signs and cannot reach the private key behind that. */
export class TokenIssuer {
  private readonly slots: SigningSlots;

  constructor(
    private readonly keys: SigningKeys,
    private readonly clock: Clock,
    private readonly options: TokenIssuerOptions,
  ) {
    this.slots = new SigningSlots(options.maxPendingSignatures);
  }

  /**
   * Issues a token. Signing happens off the event loop.
   *
   * @returns a compact JWS (RFC 7515 §7.1).
   * @throws OptionError `ERR_OPTION_CLAIM`, `ERR_OPTION_HEADER`, `ERR_OPTION_TTL`, `ERR_OPTION_DURATION`,
   * `ERR_OPTION_INVALID`, always before anything is signed.
   * @throws SignerBusyError when `maxPendingSignatures` are under way.
   */
  async issue(claims: TokenClaimsInput, options: IssueOptions = {}): Promise<string> {
    const reservation = this.reserve();
    try {
      return (await this.sign(claims, options)).token;
    } finally {
      reservation.release();
    }
  }

  /**
   * Takes the right to one signature in advance, for whoever must not be refused half-way.
   *
   * @throws SignerBusyError when `maxPendingSignatures` are under way.
   * @throws VerifyOnlyError, KeysUnavailableError where nobody can sign.
   */
  reserve(): SigningReservation {
    this.assertSomebodySigns();
    const release = this.slots.take();
    return {
      release,
      issue: async (claims, { sid, authTime, isFresh, until }) => {
        const left = Math.floor(until - this.clock.now());
        const ttl = Math.max(1, Math.min(this.options.accessTokenTtl, left));
        try {
          const fresh = isFresh ? { fresh: true } : {};
          return await this.sign(claims, { ttl }, { sid, auth_time: authTime, ...fresh });
        } finally {
          release();
        }
      },
    };
  }

  private assertSomebodySigns(): void {
    void this.keys.active;
  }

  private async sign(
    claims: TokenClaimsInput,
    options: IssueOptions,
    ofSession: Record<string, unknown> = {},
  ): Promise<IssuedAccessToken> {
    const own = readClaims(claims, this.options.clientId !== undefined);
    const times = this.times(options);
    const payload = this.stamp({ ...own, ...ofSession, ...times }, options);
    const signer = this.keys.active;
    const signingInput = `${encode(this.header(signer, options.header))}.${encode(payload)}`;
    this.assertLength(signingInput, signer);
    const signature = await signer.sign(Buffer.from(signingInput, 'latin1'));
    const token = `${signingInput}.${signature.toString('base64url')}`;
    return { token, expiresIn: times.exp - times.iat };
  }

  private stamp(claims: Record<string, unknown>, options: IssueOptions): Record<string, unknown> {
    const { issuer, clientId, requiredClaims } = this.options;
    const audience =
      options.audience === undefined ? this.options.audience : requireTexts(options.audience, 'audience');
    const stamped = {
      ...(issuer === undefined ? {} : { iss: issuer }),
      ...(audience === undefined ? {} : { aud: audience.length === 1 ? audience[0] : audience }),
      ...(clientId === undefined ? {} : { client_id: clientId }),
      ...claims,
      jti: options.jwtid === undefined ? randomUUID() : requireText(options.jwtid, 'jwtid'),
    };
    for (const name of requiredClaims) assertPresent(stamped, name);
    return stamped;
  }

  private times(options: IssueOptions): { iat: number; nbf: number; exp: number } {
    const ttl = options.ttl === undefined ? this.options.accessTokenTtl : toSeconds(options.ttl, 'ttl');
    const notBefore =
      options.notBefore === undefined ? this.options.notBefore : toSeconds(options.notBefore, 'notBefore');
    assertLifetime({ ttl, notBefore, maxTokenTtl: this.options.maxTokenTtl }, 'ttl');
    const iat = Math.floor(this.clock.now());
    if (!Number.isSafeInteger(iat))
      throw new OptionError('ERR_OPTION_INVALID', 'clock.now() must return Unix seconds.');
    return { iat, nbf: iat + notBefore, exp: iat + ttl };
  }

  private header({ kid }: Signer, members: IssueOptions['header']): Record<string, unknown> {
    const own = { alg: 'RS256', typ: this.options.typ, kid };
    return members === undefined ? own : { ...own, ...readHeader(members) };
  }

  /** A token that is longer than what our own verifier takes is of no use to anybody. */
  private assertLength(signingInput: string, { publicKey }: Signer): void {
    const signatureOctets = Math.ceil((publicKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8);
    const length = signingInput.length + 1 + Math.ceil((signatureOctets * 4) / 3);
    if (length <= this.options.maxTokenLength) return;
    throw new OptionError(
      'ERR_OPTION_CLAIM',
      `The token would have ${length} characters; maxTokenLength is ${this.options.maxTokenLength}. Put less into the claims: many servers refuse long headers.`,
    );
  }
}

/**
 * Refuses lifetimes that no token may have.
 *
 * @param option - the name of the option that `ttl` came from.
 * @throws OptionError `ERR_OPTION_TTL`
 */
export function assertLifetime(
  lifetime: { ttl: number; notBefore: number; maxTokenTtl: number },
  option: string,
): void {
  const { ttl, notBefore, maxTokenTtl } = lifetime;
  if (ttl <= 0) throw new OptionError('ERR_OPTION_TTL', `${option} must be more than 0 seconds.`);
  if (ttl > maxTokenTtl) {
    throw new OptionError(
      'ERR_OPTION_TTL',
      `${option} (${ttl} s) is longer than maxTokenTtl (${maxTokenTtl} s). Issue shorter tokens and refresh them, or raise ` +
        'maxTokenTtl in every service that issues or verifies.',
    );
  }
  if (notBefore < ttl) return;
  throw new OptionError(
    'ERR_OPTION_TTL',
    `notBefore (${notBefore} s) must be less than ${option} (${ttl} s): the token would never be valid.`,
  );
}

function readClaims(claims: unknown, isClientIdStamped: boolean): Record<string, unknown> {
  const copy = copyPlainJson(claims, 'claims', 'ERR_OPTION_CLAIM');
  for (const name of Object.keys(copy)) {
    const advice = Object.hasOwn(RESERVED_CLAIMS, name) ? RESERVED_CLAIMS[name] : undefined;
    if (advice) throw new OptionError('ERR_OPTION_CLAIM', `The claim ${name} cannot be given: ${advice}.`);
    if (name === 'client_id' && isClientIdStamped) {
      throw new OptionError(
        'ERR_OPTION_CLAIM',
        'The claim client_id cannot be given: the option clientId of the module stamps it.',
      );
    }
  }
  for (const name of ['sub', 'client_id']) assertText(copy, name);
  if (copy.scope !== undefined && typeof copy.scope !== 'string') {
    throw new OptionError(
      'ERR_OPTION_CLAIM',
      'The claim scope must be a text of space-separated scopes (RFC 8693 §4.2).',
    );
  }
  return copy;
}

function assertText(claims: Record<string, unknown>, name: string): void {
  const value = claims[name];
  if (value === undefined || (typeof value === 'string' && value !== '')) return;
  throw new OptionError(
    'ERR_OPTION_CLAIM',
    `The claim ${name} must be a text, not empty (RFC 7519 §4.1.2). Say String(id) for a number.`,
  );
}

function assertPresent(claims: Record<string, unknown>, name: string): void {
  if (Object.hasOwn(claims, name) && claims[name] !== null) return;
  throw new OptionError(
    'ERR_OPTION_CLAIM',
    `The claim ${name} is missing, and requiredClaims lists it. Give it to issue(), or take it off the list.`,
  );
}

function readHeader(members: unknown): Record<string, unknown> {
  const copy = copyPlainJson(members, 'header', 'ERR_OPTION_HEADER');
  const reserved = Object.keys(copy).find(
    (name) => RESERVED_HEADER_MEMBERS.includes(name) || name.startsWith('x5'),
  );
  if (reserved === undefined) return copy;
  throw new OptionError(
    'ERR_OPTION_HEADER',
    `The header member ${reserved} cannot be given: the issuer sets what decides how a token is verified.`,
  );
}

function encode(value: Record<string, unknown>): string {
  return Buffer.from(JSON.stringify(value), 'utf8').toString('base64url');
}
