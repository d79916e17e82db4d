import { OptionError } from '../errors/developer-errors.js';
import {
  TokenAlgorithmError,
  TokenKeyUnknownError,
  TokenMalformedError,
  TokenSignatureError,
} from '../errors/token-errors.js';
import type { VerificationKey } from '../keys/verification-key.js';
import type { VerificationKeys } from '../keys/verification-keys.js';
import type { Clock } from '../time/clock.js';
import { toSeconds, type Duration } from '../time/duration.js';
import {
  assertClaims,
  assertClaimsAgain,
  isValidAt,
  validityOf,
  type ClaimPolicy,
  type ExactClaim,
} from './claim-rules.js';
import type { AccessTokenClaims, TimeClaim, TokenType } from './claims.js';
import { parseClaims, parseHeader, splitCompactJws, type CompactJws } from './compact-jws.js';
import { proceed, type Eventual } from './eventual.js';
import { requireText, requireTexts } from './option-text.js';
import type { JsonObject } from './strict-json.js';
import { assertTokenType, isTokenType } from './token-type.js';
import { VerifiedTokenCache, type VerifiedToken } from './verified-token-cache.js';

/** What a verifier demands of every token. Times are in seconds. */
export interface TokenVerifierOptions {
  readonly issuer: string | undefined;
  readonly audience: readonly string[] | undefined;
  /** Undefined: `at+jwt`, `JWT` or none. */
  readonly typ: TokenType | undefined;
  readonly verifyClaims: readonly TimeClaim[];
  readonly requiredClaims: readonly string[];
  /** Claims that must have exactly these values. Default: none. */
  readonly exactClaims?: readonly ExactClaim[];
  /** Whether `scope` may be a list of texts as well. Default: false. */
  readonly allowsScopeList?: boolean;
  readonly clockTolerance: number;
  readonly maxTokenTtl: number;
  readonly maxTokenLength: number;
  /** Entries of the cache of verified tokens; 0 for none. */
  readonly cacheSize: number;
}

/** What one call of `verify` demands beyond, or instead of, the configured. */
export interface VerifyOptions {
  /** One of these must be in `aud`, instead of the configured audience. */
  audience?: string | readonly string[];
  /** `iss` must equal this too; it narrows the configured issuer and never replaces it. */
  issuer?: string;
  /** The `typ` to require, instead of the configured one. */
  typ?: TokenType;
  /** Claims that must be present, besides the configured ones. */
  requiredClaims?: readonly string[];
  /** Instead of the configured one. */
  clockTolerance?: Duration;
  /** Accept an expired token, as a log-out or a report may want to. Everything else is verified. Default: false. */
  ignoreExpiration?: boolean;
}

/** Headers that are remembered; more than an issuer has keys and types. */
const MOST_HEADERS = 64;

const UNSUPPORTED_MEMBERS = ['crit', 'b64', 'zip', 'enc'] as const;

/** What one call demands. */
interface Demands extends ClaimPolicy {
  readonly typ: TokenType | undefined;
  /** Whether a token that meets them may be remembered as verified. */
  readonly mayBeSeenAgain: boolean;
}

/**
 * Verifies RS256 access tokens with public keys only. Every refusal is an error with `fault: 'caller'`; no other
 * error escapes for any input of any type.
 */
export class TokenVerifier {
  private readonly configured: Demands;
  private readonly cache: VerifiedTokenCache | undefined;
  private readonly headers = new Map<string, JsonObject>();

  constructor(
    private readonly keys: VerificationKeys,
    private readonly clock: Clock,
    private readonly options: TokenVerifierOptions,
  ) {
    this.configured = {
      ...options,
      exactClaims: options.exactClaims ?? [],
      allowsScopeList: options.allowsScopeList ?? false,
      issuers: options.issuer === undefined ? [] : [options.issuer],
      mayBeSeenAgain: true,
    };
    this.cache = options.cacheSize > 0 ? new VerifiedTokenCache(options.cacheSize) : undefined;
  }

  /**
   * Verifies the signature and the claims of a compact JWS.
   *
   * @returns the claims, deep-frozen.
   * @throws TokenError - the token is not acceptable (`fault: 'caller'`).
   * @throws KeysUnavailableError - no key can be had right now (`fault: 'server'`).
   * @throws OptionError - a per-call option is not valid (`fault: 'developer'`).
   * @see RFC 7515 §5.2, RFC 7519 §7.2, RFC 8725 §3
   */
  async verify<T extends object = object>(
    token: string,
    options?: VerifyOptions,
  ): Promise<AccessTokenClaims & T> {
    const demands = options ? narrow(this.configured, options) : this.configured;
    return (await this.measure(token, demands)) as AccessTokenClaims & T;
  }

  /**
   * Verifies as `verify` does without options, and makes a promise only where a key has to be waited for. It is for
   * whoever answers requests.
   *
   * @throws what `verify` rejects with, unless there is a promise, which rejects.
   */
  accept(token: string): AccessTokenClaims | Promise<AccessTokenClaims> {
    // Another `verify`, of a subclass, a test or a tracer, is not passed by.
    if (this.verify !== OWN_VERIFY) return this.verify(token);
    return this.measure(token, this.configured) as Eventual<AccessTokenClaims>;
  }

  /** Whether this very token was verified before, and the keys have not changed since. Its claims may not hold any more. */
  remembers(token: string): boolean {
    return typeof token === 'string' && this.cache?.get(token, this.keys.version) !== undefined;
  }

  private measure(token: string, demands: Demands): Eventual<JsonObject> {
    const { version } = this.keys;
    const seen = typeof token === 'string' ? this.cache?.get(token, version) : undefined;
    if (seen) return this.measureAgain(seen, demands);
    const jws = splitCompactJws(token, this.options.maxTokenLength);
    const known = this.headers.get(jws.encodedHeader);
    const header = known ?? parseHeader(jws.encodedHeader);
    return proceed(this.keys.find(readHeader(header, demands.typ)), (key) => {
      assertSignature(jws, key);
      if (!known) this.rememberHeader(jws.encodedHeader, header);
      const claims = parseClaims(jws.payload);
      assertClaims(claims, demands, this.clock.now());
      // Where the keys changed while one was being found, it is not known under which of them the token was verified.
      if (this.cache && demands.mayBeSeenAgain && this.keys.version === version) {
        const validity = demands === this.configured ? validityOf(claims, demands) : undefined;
        this.cache.set({ text: token, header, claims, validity }, version);
      }
      return claims;
    });
  }

  /** Of a token that was verified before, only what depends on the time and the call is measured. */
  private measureAgain({ header, claims, validity }: VerifiedToken, demands: Demands): JsonObject {
    const now = this.clock.now();
    if (demands === this.configured && validity && isValidAt(validity, now)) return claims;
    assertTokenType(header.typ, demands.typ);
    assertClaimsAgain(claims, demands, now);
    return claims;
  }

  /** An issuer's tokens share one header, so parsing it once is enough. Only verified tokens get here. */
  private rememberHeader(encoded: string, header: JsonObject): void {
    if (this.headers.size >= MOST_HEADERS) this.headers.clear();
    this.headers.set(encoded, header);
  }
}

// eslint-disable-next-line @typescript-eslint/unbound-method -- it is compared, never called
const OWN_VERIFY = TokenVerifier.prototype.verify;

/** Reads the only three header members that count. `jwk`, `jku`, `x5u` and `x5c` are never looked at. */
function readHeader(header: JsonObject, typ: TokenType | undefined): string | undefined {
  if (header.alg !== 'RS256') throw new TokenAlgorithmError();
  for (const member of UNSUPPORTED_MEMBERS) {
    if (Object.hasOwn(header, member)) {
      throw new TokenMalformedError(`The header of the access token has the unsupported member ${member}`);
    }
  }
  assertTokenType(header.typ, typ);
  const { kid } = header;
  if (kid !== undefined && typeof kid !== 'string')
    throw new TokenMalformedError('The kid of the access token is not a text');
  return kid;
}

function assertSignature(jws: CompactJws, key: VerificationKey | undefined): void {
  if (!key) throw new TokenKeyUnknownError();
  const { signature, signingInput } = jws;
  if (signature.length !== key.signatureLength || !key.verify(signingInput, signature)) {
    throw new TokenSignatureError();
  }
}

function narrow(configured: Demands, options: VerifyOptions): Demands {
  const { audience, issuer, typ, requiredClaims, clockTolerance, ignoreExpiration } = options;
  if (typ !== undefined && !isTokenType(typ)) {
    throw new OptionError('ERR_OPTION_INVALID', "typ must be 'at+jwt' or 'JWT'.");
  }
  return {
    ...configured,
    typ: typ ?? configured.typ,
    issuers:
      issuer === undefined ? configured.issuers : [...configured.issuers, requireText(issuer, 'issuer')],
    audience: audience === undefined ? configured.audience : requireTexts(audience, 'audience'),
    requiredClaims: requiredClaims
      ? [...configured.requiredClaims, ...requireTexts(requiredClaims, 'requiredClaims')]
      : configured.requiredClaims,
    clockTolerance:
      clockTolerance === undefined ? configured.clockTolerance : toSeconds(clockTolerance, 'clockTolerance'),
    verifyClaims:
      ignoreExpiration === true
        ? configured.verifyClaims.filter((claim) => claim !== 'exp')
        : configured.verifyClaims,
    mayBeSeenAgain: ignoreExpiration !== true,
  };
}
