import { CredentialsMalformedError } from '../errors/token-errors.js';

/** As much of a request as credentials are read from; Express's and Fastify's both fit. */
export interface CredentialsRequest {
  readonly headers?: { readonly authorization?: unknown };
  /** Express: names and values in turn, as they came. */
  readonly rawHeaders?: readonly string[];
  /** Fastify keeps the platform's request here. */
  readonly raw?: { readonly rawHeaders?: readonly string[] };
}

/** RFC 9110 §5.6.2. */
const TCHAR = /[!#$%&'*+.^_`|~0-9A-Za-z-]*/y;
/** RFC 9110 §11.2, RFC 6750 §2.1. */
const TOKEN68 = /^[A-Za-z0-9\-._~+/]+=*$/;
const SPACE = 0x20;

/** Whether the text may be the name of an authentication scheme (RFC 9110 §11.1). */
export function isScheme(text: string): boolean {
  return text !== '' && leadingToken(text) === text;
}

/**
 * Reads what the Authorization header has after the scheme (in any case) and one or more spaces (RFC 9110 §11.4,
 * RFC 6750 §2.1), in time linear in the header. That it is one token, and nothing else, is not looked at: whatever
 * verifies is one. For the rest there is `assertOneToken`.
 *
 * @returns undefined when there is no header, a blank one, or one of another scheme.
 * @throws CredentialsMalformedError when the header is ours and has nothing after the scheme, or comes twice.
 */
export function readBearerToken(request: CredentialsRequest, scheme: string): string | undefined {
  const header = request.headers?.authorization;
  if (header === undefined) return undefined;
  if (typeof header !== 'string' || isSentTwice(request)) {
    throw new CredentialsMalformedError('The request has more than one Authorization header');
  }
  const sent = leadingToken(header);
  if (sent.toLowerCase() !== scheme.toLowerCase()) return undefined;
  let start = sent.length;
  while (header.charCodeAt(start) === SPACE) start++;
  if (start === sent.length) throw notOneToken(scheme);
  return header.slice(start);
}

/**
 * Refuses what is no token, or more than one. That takes longer than to find a token that was verified before, so it
 * is asked only of a text that did not verify.
 *
 * @throws CredentialsMalformedError
 */
export function assertOneToken(text: string, scheme: string): void {
  if (!TOKEN68.test(text)) throw notOneToken(scheme);
}

function notOneToken(scheme: string): CredentialsMalformedError {
  return new CredentialsMalformedError(`The Authorization header must be ${scheme}, a space and one token`);
}

function leadingToken(text: string): string {
  TCHAR.lastIndex = 0;
  return TCHAR.exec(text)?.[0] ?? '';
}

/** Node joins or drops repeated headers, so `headers` shows one Authorization line where two were sent. */
function isSentTwice(request: CredentialsRequest): boolean {
  const raw = request.rawHeaders ?? request.raw?.rawHeaders ?? [];
  let lines = 0;
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at]!;
    if (name.length === 13 && name.toLowerCase() === 'authorization') lines++;
  }
  return lines > 1;
}
