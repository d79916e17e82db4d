import { OptionError } from '../errors/developer-errors.js';
import { assertMembers, type MemberKind } from './metadata-members.js';

/** What an application may say about itself in the metadata of its issuer (RFC 8414 §2). The rest is ours to say. */
export interface AuthorizationServerMetadata {
  /** Where the keys are, as seen from outside. Default: the origin of the issuer, and the path of the JWK Set. */
  readonly jwks_uri?: string;
  readonly authorization_endpoint?: string;
  /** Brings `grant_types_supported: ['refresh_token']` and `token_endpoint_auth_methods_supported: ['none']` with it. */
  readonly token_endpoint?: string;
  readonly registration_endpoint?: string;
  readonly revocation_endpoint?: string;
  readonly introspection_endpoint?: string;
  readonly userinfo_endpoint?: string;
  readonly service_documentation?: string;
  readonly op_policy_uri?: string;
  readonly op_tos_uri?: string;
  readonly scopes_supported?: readonly string[];
  /** Default: `['none']`. */
  readonly response_types_supported?: readonly string[];
  readonly response_modes_supported?: readonly string[];
  readonly grant_types_supported?: readonly string[];
  readonly token_endpoint_auth_methods_supported?: readonly string[];
  readonly revocation_endpoint_auth_methods_supported?: readonly string[];
  readonly introspection_endpoint_auth_methods_supported?: readonly string[];
  readonly code_challenge_methods_supported?: readonly string[];
  readonly claims_supported?: readonly string[];
  readonly ui_locales_supported?: readonly string[];
}

const KINDS: Record<keyof AuthorizationServerMetadata, MemberKind> = {
  jwks_uri: 'url',
  authorization_endpoint: 'url',
  token_endpoint: 'url',
  registration_endpoint: 'url',
  revocation_endpoint: 'url',
  introspection_endpoint: 'url',
  userinfo_endpoint: 'url',
  service_documentation: 'url',
  op_policy_uri: 'url',
  op_tos_uri: 'url',
  scopes_supported: 'texts',
  response_types_supported: 'texts',
  response_modes_supported: 'texts',
  grant_types_supported: 'texts',
  token_endpoint_auth_methods_supported: 'texts',
  revocation_endpoint_auth_methods_supported: 'texts',
  introspection_endpoint_auth_methods_supported: 'texts',
  code_challenge_methods_supported: 'texts',
  claims_supported: 'texts',
  ui_locales_supported: 'texts',
};

const NAMES = ['oauth-authorization-server', 'openid-configuration'];

/**
 * Where readers look for it: before the path of the issuer (RFC 8414 §3.1), behind it (OpenID Connect Discovery §4), and
 * under either name (RFC 8414 §5).
 *
 * @param issuerPath - without a slash at its end.
 */
export function metadataPaths(issuerPath: string): readonly string[] {
  const paths = NAMES.flatMap((name) => [
    `/.well-known/${name}${issuerPath}`,
    `${issuerPath}/.well-known/${name}`,
  ]);
  return [...new Set(paths)];
}

/**
 * The metadata of an issuer whose login is its own, and what the application adds.
 *
 * response_types_supported is required, and no list may be empty. So it says `none`: the registered response type of which
 * no token comes. The members that OpenID Connect Discovery requires are there for readers that insist on them.
 *
 * @throws OptionError `ERR_OPTION_INVALID` where members contradict each other or RFC 8414 §2; `ERR_OPTION_UNKNOWN`.
 */
export function authorizationServerMetadata(
  issuer: string,
  jwksUri: string,
  given: AuthorizationServerMetadata,
): object {
  assertMembers(given, KINDS, 'metadata');
  assertGrants(given);
  const refreshing = {
    grant_types_supported: ['refresh_token'],
    token_endpoint_auth_methods_supported: ['none'],
  };
  return {
    issuer,
    jwks_uri: jwksUri,
    response_types_supported: ['none'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    ...(given.token_endpoint === undefined ? {} : refreshing),
    ...given,
  };
}

/** Which endpoints have to be there, RFC 8414 §2 makes depend on the grants. */
function assertGrants(given: AuthorizationServerMetadata): void {
  const { authorization_endpoint: authorization, grant_types_supported: grants } = given;
  if (authorization !== undefined && !(grants && given.response_types_supported)) {
    throw invalid(
      'authorization_endpoint needs grant_types_supported and response_types_supported beside it.',
    );
  }
  const needsAuthorization = grants?.some((grant) => grant === 'authorization_code' || grant === 'implicit');
  if (needsAuthorization && authorization === undefined) {
    throw invalid('grant_types_supported names a grant that needs authorization_endpoint beside it.');
  }
  if (grants?.some((grant) => grant !== 'implicit') && given.token_endpoint === undefined) {
    throw invalid('grant_types_supported names a grant that needs token_endpoint beside it.');
  }
}

function invalid(sentence: string): OptionError {
  return new OptionError('ERR_OPTION_INVALID', `metadata.${sentence} (RFC 8414 §2)`);
}
