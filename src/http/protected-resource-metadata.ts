import { OptionError } from '../errors/developer-errors.js';
import { assertMembers, type MemberKind } from './metadata-members.js';
import { requirePublishedUrl, requireUrl } from './published-url.js';

/** What a service says about itself as a protected resource (RFC 9728 §2). */
export interface ProtectedResourceMetadata {
  /** The identifier of the resource: its URL, as clients know it. */
  readonly resource: string;
  /** The issuers whose tokens it takes. Default: the option `issuer`. */
  readonly authorization_servers?: readonly string[];
  readonly scopes_supported?: readonly string[];
  /** How a token may be sent. Default: `['header']`. */
  readonly bearer_methods_supported?: readonly ('body' | 'header' | 'query')[];
  readonly resource_name?: string;
  readonly resource_documentation?: string;
  readonly resource_policy_uri?: string;
  readonly resource_tos_uri?: string;
}

/** The document, the path that it is published at, and the URL of that, for challenges. */
export interface ProtectedResource {
  readonly path: string;
  readonly url: string;
  readonly document: object;
}

const KINDS: Record<keyof ProtectedResourceMetadata, MemberKind> = {
  resource: 'url',
  authorization_servers: 'urls',
  scopes_supported: 'texts',
  bearer_methods_supported: 'texts',
  resource_name: 'text',
  resource_documentation: 'url',
  resource_policy_uri: 'url',
  resource_tos_uri: 'url',
};

const BEARER_METHODS: readonly string[] = ['body', 'header', 'query'];

/**
 * The metadata of a protected resource. The well-known name stands between the host and the path of the resource
 * (RFC 9728 §3.1).
 *
 * @throws OptionError `ERR_OPTION_INVALID`, `ERR_OPTION_UNKNOWN`, naming the member.
 */
export function protectedResource(
  given: ProtectedResourceMetadata,
  issuer: string | undefined,
): ProtectedResource {
  assertMembers(given, KINDS, 'protectedResource');
  const { resource, ...others } = given;
  const { origin, path: resourcePath } = requirePublishedUrl(resource, 'protectedResource.resource');
  if (resourcePath !== '' && resource.endsWith('/'))
    throw invalid('resource must not end in a slash: clients disagree about what becomes of it.');
  if (given.bearer_methods_supported?.some((method) => !BEARER_METHODS.includes(method)))
    throw invalid(`bearer_methods_supported must be a list of ${BEARER_METHODS.join(', ')}.`);
  const path = `/.well-known/oauth-protected-resource${resourcePath}`;
  const document = {
    resource,
    authorization_servers: given.authorization_servers ?? [requireIssuer(issuer)],
    bearer_methods_supported: ['header'],
    ...others,
  };
  return { path, url: origin + path, document };
}

function requireIssuer(issuer: string | undefined): string {
  if (issuer !== undefined) return requireUrl(issuer, 'issuer (for protectedResource)');
  throw invalid('authorization_servers is needed, or the option issuer, which it is taken from.');
}

function invalid(sentence: string): OptionError {
  return new OptionError('ERR_OPTION_INVALID', `protectedResource.${sentence}`);
}
