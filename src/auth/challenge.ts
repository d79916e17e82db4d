/** What a challenge says: the scheme and realm of the application or route, and what was wrong. */
export interface Challenge {
  readonly scheme: string;
  readonly realm: string | undefined;
  /** RFC 6750 §3.1. Left out when no credentials were sent. */
  readonly error?: string;
  readonly description?: string;
  /** The URL of the metadata of the protected resource (RFC 9728 §5.1). */
  readonly resourceMetadata?: string | undefined;
  /** `max_age`, in seconds: how long ago credentials may have been given (RFC 9470 §3). */
  readonly maxAge?: number;
}

/** What stays the same whatever was wrong. */
export type ChallengeOrigin = Pick<Challenge, 'scheme' | 'realm' | 'resourceMetadata'>;

const PRINTABLE = /^[\x20-\x7e]*$/;
const NOT_PRINTABLE = /[^\x20-\x7e]/g;
/** What error_description may not hold (RFC 6750 §3). */
const NOT_ALLOWED = /[^\x20\x21\x23-\x5b\x5d-\x7e]/g;

/** Whether the text may stand in a quoted string of a header, escapes included. */
export function isHeaderText(text: string): boolean {
  return PRINTABLE.test(text);
}

/** The value of WWW-Authenticate (RFC 6750 §3, RFC 9110 §11.6.1, RFC 9470 §3), with header-safe characters only. */
export function challengeHeader(challenge: Challenge): string {
  const { scheme, realm, error, description, resourceMetadata, maxAge } = challenge;
  const parameters: string[] = [];
  if (realm !== undefined) parameters.push(`realm="${quotable(realm)}"`);
  if (error !== undefined) parameters.push(`error="${error}"`);
  if (description !== undefined)
    parameters.push(`error_description="${description.replace(NOT_ALLOWED, '?')}"`);
  if (resourceMetadata !== undefined) parameters.push(`resource_metadata="${quotable(resourceMetadata)}"`);
  if (maxAge !== undefined) parameters.push(`max_age="${Math.floor(maxAge)}"`);
  return parameters.length === 0 ? scheme : `${scheme} ${parameters.join(', ')}`;
}

/** A realm that AuthGuard hands over was not checked before. */
function quotable(text: string): string {
  return text.replace(NOT_PRINTABLE, '?').replace(/[\\"]/g, '\\$&');
}
