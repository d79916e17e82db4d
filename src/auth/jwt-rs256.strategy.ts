import {
  HttpException,
  InternalServerErrorException,
  Logger,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { Strategy, type StrategyOptions } from 'passport-jwt';
import { JwtRs256Error } from '../errors/jwt-rs256-error.js';
import { PrincipalUnknownError, TokenClaimsError, TokenMissingError } from '../errors/token-errors.js';
import type { AccessTokenClaims } from '../tokens/claims.js';
import type { Freshness } from '../tokens/freshness.js';
import { acceptToken, type RequestVerifier } from '../tokens/request-verifier.js';
import { assertOneToken, readBearerToken, type CredentialsRequest } from './bearer-credentials.js';
import { JwtRs256Exception } from './jwt-rs256.exception.js';
import { authenticationOf, rememberAuthentication } from './principal.js';
import type { AuthOptions, JwtFromRequest } from './route-access.js';
import { claimStrategyName, type StrategyRegistry } from './strategy-name.js';

/**
 * Turns verified claims into the principal: loads the user, say. null means that there is no such principal (401).
 * The claims are frozen; the request is Express's or Fastify's.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the platform's request type is the application's to name
export type ValidatePrincipal = (claims: AccessTokenClaims, request: any) => unknown;

/** What a strategy is made with. */
export interface JwtRs256StrategyOptions {
  readonly scheme: string;
  readonly realm: string | undefined;
  /** In every challenge: the URL of the metadata of the protected resource (RFC 9728 §5.1). */
  readonly resourceMetadata?: string | undefined;
  readonly jwtFromRequest: JwtFromRequest | undefined;
  readonly validate: ValidatePrincipal | undefined;
  readonly strategyName: string;
}

/** What a route, or whoever calls `authenticate`, may set differently. */
export type AttemptOptions = Pick<AuthOptions, 'realm' | 'fresh' | 'jwtFromRequest'>;

type AnyRequest = object & CredentialsRequest;

/** The mixin's class, with the method that its declaration leaves out. */
type PassportStrategyClass = new (options: StrategyOptions) => Strategy & { getPassportInstance(): unknown };
const PassportJwtStrategy = PassportStrategy(Strategy) as unknown as PassportStrategyClass;

/**
 * The passport strategy: reads the token, has it verified with the public key, and asks `validate` for the principal.
 *
 * It is passport-jwt's Strategy with everything behind `authenticate` replaced (see the ADR on the strategy).
 * passport calls it through `Object.create`, so it has no `#private` members.
 */
export class JwtRs256Strategy extends PassportJwtStrategy implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger('JwtRs256');
  /** What stays the same when passport or the guard wraps the strategy for one request. */
  private readonly identity = {};
  private giveUpName: (() => void) | undefined;

  constructor(
    private readonly verifier: RequestVerifier,
    private readonly options: JwtRs256StrategyOptions,
    private readonly freshness: Freshness,
  ) {
    super({
      jwtFromRequest: () => null,
      // Never asked, since authenticate() is ours. If ever it were, it would know no key.
      secretOrKeyProvider: (_request, _token, done) => done(new Error('JwtRs256Strategy verifies by itself')),
    });
    this.name = options.strategyName;
  }

  /** Registers the name with passport, so that `AuthGuard('jwt-rs256')` works. */
  onModuleInit(): void {
    this.giveUpName = claimStrategyName(super.getPassportInstance() as StrategyRegistry, {
      name: this.options.strategyName,
      strategy: this,
      refusal: (error) => this.refusalOf(error),
    });
  }

  onModuleDestroy(): void {
    this.giveUpName?.();
  }

  /** passport's face of the strategy, for AuthGuard. passport calls it on an object made from this one per request. */
  override authenticate(request: AnyRequest, options: AttemptOptions = {}): void {
    this.resolvePrincipal(request, options).then(
      (principal) => this.success(principal),
      (error: unknown) => this.refuse(request, error, options),
    );
  }

  /**
   * The strategy itself: from a request to its principal. It keeps no state of a request on this object.
   *
   * @throws TokenMissingError - no credentials of ours were sent.
   * @throws TokenNotFreshError - the token is good, and `fresh` asks for more.
   * @throws JwtRs256Error, or whatever `jwtFromRequest` and `validate` throw.
   */
  async resolvePrincipal(request: AnyRequest, options: AttemptOptions = {}): Promise<unknown> {
    const jwtFromRequest = options.jwtFromRequest ?? this.options.jwtFromRequest;
    const token = jwtFromRequest
      ? (await jwtFromRequest(request)) || undefined
      : readBearerToken(request, this.options.scheme);
    if (token === undefined) throw new TokenMissingError();
    const known = authenticationOf(request);
    if (known && known.by === this.identity && known.token === token) {
      this.freshness.assertFresh(known.claims, options.fresh);
      return known.principal;
    }
    try {
      // Each promise costs a server more than the look-up, so none is made where nothing can be there to wait for.
      const accepted = acceptToken(this.verifier, token);
      const claims = accepted instanceof Promise ? await accepted : accepted;
      this.freshness.assertFresh(claims, options.fresh);
      const found = this.validate(claims, request);
      const principal = found === claims ? claims : await found;
      if (principal === null || principal === undefined || principal === false)
        throw new PrincipalUnknownError();
      rememberAuthentication(request, { by: this.identity, token, claims, principal });
      return principal;
    } catch (error) {
      // What verifies is one token. Only what does not is searched for what credentials must not have: 400, not 401.
      if (!jwtFromRequest) assertOneToken(token, this.options.scheme);
      // From a hook. There is a token, and an optional route must not take this for the absence of one.
      throw error instanceof TokenMissingError ? new PrincipalUnknownError() : error;
    }
  }

  /**
   * The principal for verified claims. Override it, or give the option `validate`.
   *
   * @returns null, undefined or false where there is no such principal.
   */
  validate(claims: AccessTokenClaims, request: unknown): unknown {
    return this.options.validate ? this.options.validate(claims, request) : claims;
  }

  /** Logs why a request is refused, and makes the answer. What is neither ours nor Nest's becomes a bare 500. */
  refusalOf(error: unknown, options: AttemptOptions = {}): HttpException {
    if (error instanceof HttpException) return error;
    if (error instanceof JwtRs256Error) {
      this.log(error);
      return new JwtRs256Exception(error, {
        scheme: this.options.scheme,
        realm: options.realm ?? this.options.realm,
        resourceMetadata: this.options.resourceMetadata,
      });
    }
    this.logger.error('A hook (validate or jwtFromRequest) failed', traceOf(error));
    return new InternalServerErrorException(undefined, { cause: error });
  }

  /** The mixin registers with whatever this returns while the object is still being made: too early, so nothing. */
  override getPassportInstance(): unknown {
    return { use: () => undefined };
  }

  /** passport goes on to the next strategy of a list after `fail`, and stops at `error`. */
  private refuse(request: AnyRequest, error: unknown, options: AttemptOptions): void {
    const exception = this.refusalOf(error, options);
    const headers = exception instanceof JwtRs256Exception ? exception.headers : {};
    setHeaders(request, headers);
    if (error instanceof TokenMissingError) this.fail(headers['WWW-Authenticate'], exception.getStatus());
    else this.error(exception);
  }

  private log(error: JwtRs256Error): void {
    const violations = error instanceof TokenClaimsError ? { violations: error.violations } : {};
    if (error.fault === 'caller') this.logger.debug(error.message, { code: error.code, ...violations });
    else this.logger.error(error.message, { code: error.code });
  }
}

/** Anything of the shape of a compact JWS. It starts at a boundary only, so that it takes linear time. */
const TOKENS = /(?<![\w-])[\w-]{8,}\.[\w-]{2,}\.[\w-]{16,}/g;

/** Where a hook failed, for the log. Its message may quote the token, and a log must not hold one. */
function traceOf(error: unknown): string {
  if (error instanceof Error && typeof error.stack === 'string')
    return error.stack.replace(TOKENS, '[token]');
  return `It threw something that is not an Error (${typeof error})`;
}

/** Express keeps the response on the request; on Fastify only the guard can set headers. */
function setHeaders(request: object, headers: Readonly<Record<string, string>>): void {
  const { res } = request as {
    res?: { headersSent?: boolean; setHeader?(name: string, value: string): void };
  };
  if (!res?.setHeader || res.headersSent === true) return;
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
}
