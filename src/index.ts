export { JwtRs256Module } from './module/jwt-rs256.module.js';
export { TokenEndpointsModule } from './http/token-endpoints.module.js';
export { SessionService } from './sessions/session.service.js';
export { TokenService } from './module/token.service.js';

export { Auth } from './auth/auth.decorator.js';
export { fromCookie } from './auth/from-cookie.js';
export { CurrentUser } from './auth/current-user.decorator.js';
export { JwtRs256Exception } from './auth/jwt-rs256.exception.js';
export { JwtRs256ExceptionFilter } from './auth/jwt-rs256-exception.filter.js';
export { JwtRs256Guard } from './auth/jwt-rs256.guard.js';
export { JwtRs256Strategy } from './auth/jwt-rs256.strategy.js';
export { Public } from './auth/public.decorator.js';

export { Authenticator } from './http/authenticator.js';

export { MemorySessionStore } from './sessions/memory-session-store.js';
export { SessionStore } from './sessions/session-store.js';

export { AccessTokenClaims } from './tokens/claims.js';
export { TokenIssuer } from './tokens/token-issuer.js';
export { TokenVerifier } from './tokens/token-verifier.js';

export { generateKeyPair } from './keys/generate-key-pair.js';
export { KeyRing } from './keys/ring/key-ring.js';
export { writeKeyPair } from './keys/key-pair-files.js';
export { Signer } from './keys/signer.js';

export { Clock } from './time/clock.js';

export {
  DeveloperError,
  KeyError,
  OptionError,
  StrategyNameTakenError,
  VerifyOnlyError,
} from './errors/developer-errors.js';
export {
  CrossSiteRequestError,
  EndpointError,
  GrantTypeUnsupportedError,
  IntrospectionDeniedError,
  LoginRefusedError,
  RequestMalformedError,
  TokenTypeUnsupportedError,
} from './errors/endpoint-errors.js';
export { JwtRs256Error } from './errors/jwt-rs256-error.js';
export {
  RefreshTokenError,
  RefreshTokenInvalidError,
  RefreshTokenReusedError,
  SessionsOffError,
  StoreUnavailableError,
  TokenRevokedError,
} from './errors/session-errors.js';
export {
  CredentialsMalformedError,
  PrincipalUnknownError,
  TokenAlgorithmError,
  TokenClaimError,
  TokenClaimsError,
  TokenError,
  TokenExpiredError,
  TokenKeyUnknownError,
  TokenMalformedError,
  TokenMissingError,
  TokenNotFreshError,
  TokenNotYetValidError,
  TokenSignatureError,
  TokenTypeError,
} from './errors/token-errors.js';
export { KeysUnavailableError, SignerBusyError, UnavailableError } from './errors/unavailable-errors.js';

export type {
  AttemptOptions,
  JwtRs256StrategyOptions,
  ValidatePrincipal,
} from './auth/jwt-rs256.strategy.js';
export type { FromCookieOptions } from './auth/from-cookie.js';
export type { AuthOptions, JwtFromRequest, RouteAccess } from './auth/route-access.js';
export type { KeyErrorCode, OptionErrorCode } from './errors/developer-errors.js';
export type { Fault } from './errors/jwt-rs256-error.js';
export type { ClaimViolation } from './errors/token-errors.js';
export type { AuthorizationServerMetadata } from './http/authorization-server-metadata.js';
export type { ProtectedResourceMetadata } from './http/protected-resource-metadata.js';
export type {
  AnsweredTokens,
  EndpointOptions,
  LoginEndpointOptions,
  RefreshCookieOptions,
  RespondContext,
  TokenEndpoints,
  TokenEndpointsOptions,
} from './http/endpoint-options.js';
export type {
  AuthenticatorProvider,
  TokenEndpointsAsyncOptions,
  TokenEndpointsExtras,
} from './http/token-endpoints.module.js';
export type { GeneratedKeyPair, KeySize } from './keys/generate-key-pair.js';
export type { KeyInput } from './keys/key-input.js';
export type { KeyState } from './keys/ring/key-life.js';
export type { KeyPairFiles } from './keys/key-pair-files.js';
export type { KeyRingEvent } from './keys/ring/key-ring-events.js';
export type { RingKey } from './keys/ring/key-ring.js';
export type { JwtRs256ModuleAsyncOptions } from './module/jwt-rs256.module.js';
export type {
  JwksCacheOptions,
  JwksOptions,
  JwtRs256ModuleExtras,
  JwtRs256ModuleOptions,
  JwtRs256OptionsFactory,
  RotationOptions,
  SessionOptions,
  TrustedIssuer,
} from './module/options.js';
export type { MemorySessionStoreOptions } from './sessions/memory-session-store.js';
export type { SessionPolicy } from './sessions/session-policy.js';
export type { SessionEvent, SessionIdentity, SessionListener } from './sessions/session-events.js';
export type {
  EndAllRequest,
  EndedHere,
  EndedId,
  EndedSince,
  EndRequest,
  RevokeRequest,
  RotateRequest,
  RotateResult,
  SessionDetails,
  StartRequest,
  StoredSession,
} from './sessions/session-store.js';
export type { SessionClaims, StartOptions } from './sessions/session-details.js';
export type { SessionInfo } from './sessions/session-info.js';
export type { TokenResponse } from './sessions/token-response.js';
export type { Duration } from './time/duration.js';
export type { ExactClaim } from './tokens/claim-rules.js';
export type { TimeClaim, TokenType } from './tokens/claims.js';
export type { IssuedAccessToken, SessionStamp, SigningReservation } from './tokens/signing-reservation.js';
export type { UnverifiedToken } from './tokens/decode-unverified.js';
export type { IssueOptions, TokenClaimsInput, TokenIssuerOptions } from './tokens/token-issuer.js';
export type { RequestVerifier } from './tokens/request-verifier.js';
export type { TokenVerifierOptions, VerifyOptions } from './tokens/token-verifier.js';
