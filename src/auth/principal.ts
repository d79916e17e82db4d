/** What one strategy found out about one request. */
export interface Authentication {
  /** The identity of the strategy. */
  readonly by: object;
  readonly token: string;
  readonly principal: unknown;
}

const authentications = new WeakMap<object, Authentication>();

/** Remembers on whose behalf the request is. It cannot be forged, unlike a property of the request. */
export function rememberAuthentication(request: object, authentication: Authentication): void {
  authentications.set(request, authentication);
}

/** Forgets it, where a route is reached without credentials. */
export function forgetAuthentication(request: object): void {
  authentications.delete(request);
}

/** The authentication of this request by this library; nobody else's counts. */
export function authenticationOf(request: object): Authentication | undefined {
  return authentications.get(request);
}
