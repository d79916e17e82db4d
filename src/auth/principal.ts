import type { AccessTokenClaims } from '../tokens/claims.js';

/** What one strategy found out about one request. */
export interface Authentication {
  /** The identity of the strategy. */
  readonly by: object;
  readonly token: string;
  /** What the token says: another guard of the same route may ask for more. */
  readonly claims: AccessTokenClaims;
  readonly principal: unknown;
}

/** A constructor may return another object than `this`, and the members of a subclass then go onto that one. */
class GivenObject {
  constructor(given: object) {
    return given;
  }
}

/**
 * What is known about a request, in a private member of the request itself. As with a WeakMap, nobody else can read
 * it, forge it, copy it to another request or inherit it; but a WeakMap with an entry for each request costs the
 * garbage collector as much time as all the rest of the guard takes.
 */
class KnownRequest extends GivenObject {
  #authentication: Authentication | undefined;

  static set(request: object, authentication: Authentication | undefined): void {
    const known = #authentication in request ? request : new KnownRequest(request);
    known.#authentication = authentication;
  }

  static get(request: object): Authentication | undefined {
    // In other contexts than HTTP there may be something else in its place, a text say.
    const isKnown = typeof request === 'object' && request !== null && #authentication in request;
    return isKnown ? request.#authentication : undefined;
  }
}

/** Remembers on whose behalf the request is. It cannot be forged, unlike a property of the request. */
export function rememberAuthentication(request: object, authentication: Authentication): void {
  KnownRequest.set(request, authentication);
}

/** Forgets it, where a route is reached without credentials. */
export function forgetAuthentication(request: object): void {
  KnownRequest.set(request, undefined);
}

/** The authentication of this request by this library; nobody else's counts. */
export function authenticationOf(request: object): Authentication | undefined {
  return KnownRequest.get(request);
}
