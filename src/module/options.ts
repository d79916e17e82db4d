import type { ValidatePrincipal } from '../auth/jwt-rs256.strategy.js';
import type { JwtFromRequest } from '../auth/route-access.js';
import type { AuthorizationServerMetadata } from '../http/authorization-server-metadata.js';
import type { ProtectedResourceMetadata } from '../http/protected-resource-metadata.js';
import type { KeyInput } from '../keys/key-input.js';
import type { Signer } from '../keys/signer.js';
import type { SessionStore } from '../sessions/session-store.js';
import type { Clock } from '../time/clock.js';
import type { Duration } from '../time/duration.js';
import type { TimeClaim, TokenType } from '../tokens/claims.js';
import type { TokenIssuer } from '../tokens/token-issuer.js';
import type { TokenVerifier } from '../tokens/token-verifier.js';

/**
 * The options of `JwtRs256Module.forRoot`. An unknown one stops the boot.
 *
 * @example
 * ```ts
 * import { JwtRs256Module, type JwtRs256ModuleOptions } from 'nestjs-jwt-rs256';
 *
 * const options: JwtRs256ModuleOptions = {
 *   privateKey: { file: 'keys/rs256.pem' },
 *   publicKey: { file: 'keys/rs256.pub' },
 *   issuer: 'https://auth.example.com',
 *   audience: 'orders',
 *   accessTokenTtl: '15m',
 * };
 * const module = JwtRs256Module.forRoot(options);
 * ```
 */
export interface JwtRs256ModuleOptions {
  /** Signs. Leave it out in a service that only verifies; there, but undefined, is an error. */
  privateKey?: KeyInput;
  /** Verifies. Derived from `privateKey` when left out; given both, they must be a pair. */
  publicKey?: KeyInput;
  /** Of an encrypted `privateKey`, or of the private keys in `keyDirectory`. */
  passphrase?: string;
  /** Signs in the place of `privateKey`: a key that never enters this process (KMS, HSM, Vault). It is proven at boot. */
  signer?: Signer;
  /**
   * A folder of keys in the place of one: `rs256.pem`, and `rs256-20261122T100000Z.pem` that signs from then on. It is
   * looked at every second, so keys rotate without a restart. See `KeyRing`.
   */
  keyDirectory?: string;
  /** Makes a new key in `keyDirectory` by itself. Needs a folder that can be written. Default: never. */
  rotation?: RotationOptions;
  /**
   * The URL of the JWK Set of `issuer`, in a service that has no key of its own and trusts one issuer. `https`, or `http`
   * on the loopback interface. `issuer` and `audience` are then needed. Default: none.
   */
  jwksUri?: string;
  /** As `jwksUri`, with the URL of the JWK Set from the metadata of `issuer` (RFC 8414). Default: left out. */
  discovery?: true;
  /** Lets `jwksUri` or `discovery` use `http` on other hosts: whoever is on the way can then replace the keys. Default: false. */
  allowInsecureHttp?: boolean;
  /** For so long the last keys from `jwksUri` or `discovery` verify while no newer ones can be had. Default: `'24h'`. */
  maxStale?: Duration;
  /** Issuers whose tokens are accepted besides those of the keys above. Default: none. */
  trustedIssuers?: readonly TrustedIssuer[];
  /** `iss`: stamped, and required on verify (RFC 7519 §4.1.1). Left out: neither, and a warning at boot. */
  issuer?: string;
  /** `aud`: stamped, and one of them required on verify (RFC 7519 §4.1.3). Left out: neither, and a warning at boot. */
  audience?: string | readonly string[];
  /** `client_id`: stamped (RFC 9068 §2.2 wants it). Left out: not stamped. */
  clientId?: string;
  /** `exp - iat`. Default: `'5m'`. */
  accessTokenTtl?: Duration;
  /** The longest `exp - iat` there may be, on issue and on verify. Default: `'24h'`. */
  maxTokenTtl?: Duration;
  /** `nbf - iat`. Default: 0. */
  notBefore?: Duration;
  /** Allowed difference between clocks, for exp, nbf and iat. Default: 10 seconds. */
  clockTolerance?: Duration;
  /** Which time claims are compared with the clock; the signature always is verified. Default: all three. */
  verifyClaims?: readonly TimeClaim[];
  /** Claims that must be present, on verify and on issue. Default: `['exp', 'iat', 'nbf']`. */
  requiredClaims?: readonly string[];
  /** `typ` of the header: stamped, and required on verify (RFC 9068 §2.1). Default: `'at+jwt'`. */
  typ?: TokenType;
  /** The scheme of the Authorization header, in any case. Default: `'Bearer'`. */
  scheme?: string;
  /** The realm in every challenge (RFC 9110 §11.5). Printable ASCII. Default: none. */
  realm?: string;
  /** Where the token of a request is. Default: the Authorization header only, never query or body. */
  jwtFromRequest?: JwtFromRequest;
  /** Loads the principal; null is 401 `ERR_PRINCIPAL_UNKNOWN`. Default: the claims are the principal. */
  validate?: ValidatePrincipal;
  /** A longer token is refused before anything is parsed. Characters. Default: 8192. */
  maxTokenLength?: number;
  /**
   * The cache of verified tokens: how many it holds (one of more than 1,024 characters counts for several), or false for
   * none. Claims are measured on every request all the same, and `validate` is asked. Default: `{ maxSize: 5000 }`.
   */
  verifiedTokenCache?: { readonly maxSize?: number } | false;
  /**
   * Signatures that may be under way at once; beyond them `issue` fails at once with `ERR_SIGNER_BUSY` (503).
   * Default: 2000.
   */
  maxPendingSignatures?: number;
  /** Sessions: refresh tokens, log-out and revocation, through `SessionService`. Default: off. */
  sessions?: SessionOptions;
  /** For how long others may keep the published JWK Set. Default: `{ maxAge: '5m', staleWhileRevalidate: '10m' }`. */
  jwksCache?: JwksCacheOptions;
  /** For tests: `TestClock` of `nestjs-jwt-rs256/testing`. What it lacks comes from the machine's clock. */
  clock?: Pick<Clock, 'now'> & Partial<Clock>;
  /** The name in passport's registry. Default: `'jwt-rs256'`. */
  strategyName?: string;
  /** Puts an issuer of your own around ours, to add claims or to count. Default: ours. */
  wrapIssuer?: (issuer: Pick<TokenIssuer, 'issue'>) => Pick<TokenIssuer, 'issue'>;
  /**
   * Puts a verifier of your own around ours. It may refuse more; whatever it returns must be claims that ours verified,
   * so it can neither switch the signature off nor change a claim. Default: ours.
   */
  wrapVerifier?: (verifier: Pick<TokenVerifier, 'verify'>) => Pick<TokenVerifier, 'verify'>;
}

/** The option `rotation`. */
export interface RotationOptions {
  /** How long a key signs. At least half an hour; a month is usual. */
  every: Duration;
}

/**
 * A member of the option `trustedIssuers`: an issuer, where its keys are, and what its tokens must be. Exactly one of
 * `jwksUri`, `discovery` and `publicKey`. An unknown member stops the boot.
 *
 * @example
 * ```ts
 * import type { TrustedIssuer } from 'nestjs-jwt-rs256';
 *
 * const keycloak: TrustedIssuer = {
 *   issuer: 'https://sso.example.com/realms/staff',
 *   discovery: true,
 *   audience: 'orders',
 *   claims: { typ: 'Bearer' },
 * };
 * ```
 */
export interface TrustedIssuer {
  /** `iss`: the token has exactly this text. */
  issuer: string;
  /**
   * `aud`: one of these is required. false: not looked at, which needs `claims`, or ID tokens would pass as access tokens.
   * Default: the option `audience` of the module; without that it has to be given.
   */
  audience?: string | readonly string[] | false;
  /** The URL of its JWK Set. `https`, or `http` on the loopback interface. */
  jwksUri?: string;
  /** Its JWK Set is found from the metadata of `issuer` (RFC 8414). */
  discovery?: true;
  /** Its one key. Where that brings no kid of its own, as a PEM, whatever kid the token has is taken. */
  publicKey?: KeyInput;
  /** The `typ` to require. Default: `at+jwt`, `JWT` or none. */
  typ?: TokenType;
  /** Claims that must be present. Default: `['exp', 'iat']`. */
  requiredClaims?: readonly string[];
  /** Claims that must have exactly this value. Default: none. */
  claims?: Readonly<Record<string, string | number | boolean>>;
  /** Allowed difference between clocks, for exp, nbf and iat. Default: that of the module. */
  clockTolerance?: Duration;
  /** The longest `exp - iat` there may be. Default: that of the module. */
  maxTokenTtl?: Duration;
  /** Lets `jwksUri` or `discovery` use `http` on other hosts: whoever is on the way can then replace the keys. Default: false. */
  allowInsecureHttp?: boolean;
  /** For so long its last keys from `jwksUri` or `discovery` verify while no newer ones can be had. Default: `'24h'`. */
  maxStale?: Duration;
}

/** The option `sessions`. */
export interface SessionOptions {
  /** Where sessions are kept. Default: a `MemorySessionStore`, which is for one process. */
  store?: SessionStore;
  /** Without a refresh for so long, a session is over. Default: `'7d'`. */
  refreshTokenTtl?: Duration;
  /** After so long a session is over, however often it was refreshed. Default: `'30d'`. */
  sessionTtl?: Duration;
  /**
   * For so long the refresh token that was just spent gets the same successor again: two tabs, or a lost answer
   * (RFC 9700 §4.14.2). 0: never. At most 60 seconds. Default: `'10s'`.
   */
  reuseInterval?: Duration;
  /** Whether access tokens of ended sessions are refused before they expire. Default: `'session'`. */
  revocation?: 'none' | 'session';
  /** What becomes of access tokens while it cannot be known which sessions ended. Default: `'refuse'` (503). */
  revocationOutage?: 'refuse' | 'allow';
  /** How old the list of ended sessions may be before that is so. Default: `'30s'`. */
  maxListAge?: Duration;
}

/** The option `jwksCache`: the Cache-Control of what is published. Whole seconds. */
export interface JwksCacheOptions {
  /** They may use it without asking again (RFC 9111 §5.2.2.1). Default: `'5m'`. */
  maxAge?: Duration;
  /** They may go on using it while they ask (RFC 5861 §3). Default: `'10m'`. */
  staleWhileRevalidate?: Duration;
}

/** The extra `jwks`. */
export interface JwksOptions {
  /** At the root, whatever the global prefix. Default: `'/.well-known/jwks.json'`. */
  path?: string;
}

/** What decides which providers there are, and so cannot come from an asynchronous factory. */
export interface JwtRs256ModuleExtras {
  /** Register globally, so that feature modules import nothing. Default: true. */
  isGlobal?: boolean;
  /** Guard every route; `@Public()` opens one. Default: false. */
  globalGuard?: boolean;
  /** Publish the verification keys as a JWK Set (RFC 7517 §5). Default: false; true where `metadata` is given. */
  jwks?: boolean | JwksOptions;
  /**
   * Publish the metadata of the issuer (RFC 8414), so that its keys are found from its URL alone; or the same with members
   * of your own. Needs `issuer`. Default: false.
   */
  metadata?: boolean | AuthorizationServerMetadata;
  /** Publish this service's metadata as a protected resource (RFC 9728), and name it in challenges. Default: false. */
  protectedResource?: false | ProtectedResourceMetadata;
}

/** A class that `forRootAsync({ useClass })` or `useExisting` asks for the options. */
export interface JwtRs256OptionsFactory {
  create(): JwtRs256ModuleOptions | Promise<JwtRs256ModuleOptions>;
}
