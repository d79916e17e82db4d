import { OptionError } from '../errors/developer-errors.js';
import {
  authorizationServerMetadata,
  metadataPaths,
  type AuthorizationServerMetadata,
} from '../http/authorization-server-metadata.js';
import { protectedResource } from '../http/protected-resource-metadata.js';
import { isPlainPath, requirePublishedUrl } from '../http/published-url.js';
import { DEFAULT_JWK_SET_CACHING, type JwkSetCaching } from '../keys/jwk-set-caching.js';
import { toSeconds } from '../time/duration.js';
import { assertKnownMembers, type KnownMembers } from '../tokens/option-members.js';
import type { JwksCacheOptions, JwksOptions, JwtRs256ModuleExtras } from './options.js';

/** The extras about publishing, checked. */
export interface ResolvedPublishing {
  /** Where the JWK Set is. Undefined: it is not published. */
  readonly jwksPath: string | undefined;
  /** Metadata documents, as JSON text, by path. */
  readonly metadata: ReadonlyMap<string, string>;
  /** `resource_metadata` of challenges (RFC 9728 §5.1). */
  readonly resourceMetadata: string | undefined;
}

const DEFAULT_PATH = '/.well-known/jwks.json';

const KNOWN_CACHE: KnownMembers<JwksCacheOptions> = { maxAge: true, staleWhileRevalidate: true };
const KNOWN_JWKS: KnownMembers<JwksOptions> = { path: true };

/**
 * Checks the extras `jwks`, `metadata` and `protectedResource` and gives their defaults.
 *
 * @throws OptionError naming the extra and the fix.
 */
export function resolvePublishing(
  extras: JwtRs256ModuleExtras,
  { issuer, hasOwnKeys }: { issuer: string | undefined; hasOwnKeys: boolean },
): ResolvedPublishing {
  const metadata = onOrOff(extras.metadata, 'metadata');
  const jwks = onOrOff(extras.jwks, 'jwks') ?? (metadata && {});
  if (jwks && !hasOwnKeys)
    throw invalid(
      `${metadata ? 'metadata' : 'jwks'} publishes the keys of this service, and it has none: it only verifies what others issue. ` +
        'Leave it out here; it belongs to the issuer.',
    );
  const jwksPath = jwks && resolvePath(jwks);
  const documents = metadata ? metadataDocuments(issuer, jwksPath ?? DEFAULT_PATH, metadata) : [];
  const resource =
    extras.protectedResource === undefined || extras.protectedResource === false
      ? undefined
      : protectedResource(extras.protectedResource, issuer);
  if (resource) documents.push([resource.path, JSON.stringify(resource.document)]);
  if (documents.some(([path]) => path === jwksPath))
    throw invalid('jwks.path is the path of a metadata document. Give the JWK Set one of its own.');
  return { jwksPath, metadata: new Map(documents), resourceMetadata: resource?.url };
}

/**
 * Checks the option `jwksCache` and gives its defaults.
 *
 * @throws OptionError naming the member.
 */
export function resolveJwksCache(options: JwksCacheOptions = {}): JwkSetCaching {
  assertObject(options, 'jwksCache');
  assertKnownMembers(options, KNOWN_CACHE, 'jwksCache');
  const secondsOf = (member: keyof JwkSetCaching): number => {
    const seconds = toSeconds(options[member] ?? DEFAULT_JWK_SET_CACHING[member], `jwksCache.${member}`);
    if (Number.isSafeInteger(seconds)) return seconds;
    throw invalid(`jwksCache.${member} must be whole seconds: Cache-Control knows no fractions.`);
  };
  return { maxAge: secondsOf('maxAge'), staleWhileRevalidate: secondsOf('staleWhileRevalidate') };
}

function metadataDocuments(
  issuer: string | undefined,
  jwksPath: string,
  given: AuthorizationServerMetadata,
): [path: string, text: string][] {
  if (issuer === undefined)
    throw invalid('metadata needs the option issuer: it is published under the URL of the issuer.');
  const { origin, path } = requirePublishedUrl(issuer, 'issuer (for metadata)');
  const text = JSON.stringify(authorizationServerMetadata(issuer, origin + jwksPath, given));
  return metadataPaths(path).map((at) => [at, text]);
}

function resolvePath(jwks: JwksOptions): string {
  assertKnownMembers(jwks, KNOWN_JWKS, 'jwks');
  const { path = DEFAULT_PATH } = jwks;
  if (isPlainPath(path)) return path;
  throw invalid(
    `jwks.path must be a path such as '${DEFAULT_PATH}': it starts with a slash and ends without one, its segments are of ` +
      'letters, digits and -._~, and it has no wildcard and no parameter.',
  );
}

/** `true` is all defaults; undefined and `false` are off. */
function onOrOff<T extends object>(value: T | boolean | undefined, extra: string): Partial<T> | undefined {
  if (value === undefined || value === false) return undefined;
  if (value === true) return {};
  assertObject(value, extra);
  return value;
}

function assertObject(value: unknown, option: string): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return;
  throw invalid(`${option} must be an object${option === 'jwksCache' ? '' : ', or true or false'}.`);
}

function invalid(sentence: string): OptionError {
  return new OptionError('ERR_OPTION_INVALID', sentence);
}
