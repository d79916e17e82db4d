import { OptionError } from '../errors/developer-errors.js';
import { DEFAULT_REMOTE_KEY_POLICY, type RemoteKeyPolicy } from '../keys/remote/remote-key-policy.js';
import type { RemoteKeySource } from '../keys/remote/remote-key-source.js';
import { toSeconds } from '../time/duration.js';
import { requireText } from '../tokens/option-text.js';
import type { JwtRs256ModuleOptions, TrustedIssuer } from './options.js';

/** A JWK Set that is fetched, and how. */
export interface ResolvedRemoteKeys {
  readonly source: RemoteKeySource;
  readonly policy: RemoteKeyPolicy;
}

/** The options that say where the JWK Set of another issuer is, at the top level or in an entry. */
type RemoteKeyOptions = Pick<TrustedIssuer, 'jwksUri' | 'discovery' | 'allowInsecureHttp' | 'maxStale'>;

/** Each is about keys of the service's own. */
const OWN_KEYS = ['privateKey', 'publicKey', 'signer', 'keyDirectory', 'rotation'];

/** Whether there is an option that is about keys of the service's own, be it undefined. */
export function hasOwnKeys(options: JwtRs256ModuleOptions): boolean {
  return OWN_KEYS.some((name) => name in options);
}

/**
 * Reads the short form: `jwksUri` or `discovery` at the top level, in a service with no key of its own.
 *
 * @returns undefined where it is not used.
 * @throws OptionError naming the option and the fix.
 */
export function resolveShortForm(options: JwtRs256ModuleOptions): ResolvedRemoteKeys | undefined {
  if (!('jwksUri' in options || 'discovery' in options)) {
    assertNoRemotePolicy(options, '');
    return undefined;
  }
  if (hasOwnKeys(options)) {
    throw invalid(
      'jwksUri and discovery are for a service with no key of its own, and this one has privateKey, publicKey or the like. ' +
        'To accept the tokens of another issuer besides, use trustedIssuers: [{ issuer, audience, jwksUri }].',
    );
  }
  for (const name of ['issuer', 'audience']) {
    if (name in options) continue;
    throw invalid(
      `${name} is needed with jwksUri or discovery: the keys are another's, who signs tokens for others too.`,
    );
  }
  if ((options.audience as unknown) === false) {
    throw invalid(
      'audience must be a text or a list of texts. For an issuer that stamps none, use trustedIssuers: ' +
        "[{ issuer, jwksUri, audience: false, claims: { token_use: 'access' } }].",
    );
  }
  assertOneOf(options, ['jwksUri', 'discovery'], '');
  return resolveRemoteKeys(options, '');
}

/**
 * @param place - what stands before the name of a member in messages: `trustedIssuers[0].`, or nothing.
 * @throws OptionError
 */
export function resolveRemoteKeys(given: RemoteKeyOptions, place: string): ResolvedRemoteKeys {
  const { allowInsecureHttp = false, maxStale = DEFAULT_REMOTE_KEY_POLICY.maxStale } = given;
  if (typeof allowInsecureHttp !== 'boolean')
    throw invalid(`${place}allowInsecureHttp must be true or false.`);
  const policy = {
    ...DEFAULT_REMOTE_KEY_POLICY,
    allowInsecureHttp,
    maxStale: toSeconds(maxStale, `${place}maxStale`),
  };
  if ('jwksUri' in given)
    return { source: { jwksUri: requireText(given.jwksUri, `${place}jwksUri`) }, policy };
  if (given.discovery === true) return { source: { discovery: true }, policy };
  throw invalid(`${place}discovery must be true. To do without it, leave it out.`);
}

/** Exactly one of these members must be there, and not undefined: an unset variable must not choose another. */
export function assertOneOf(given: object, members: readonly string[], place: string): void {
  const there = members.filter((name) => name in given);
  const unset = there.find((name) => given[name as keyof typeof given] === undefined);
  if (unset !== undefined) throw invalid(thereButUndefined(`${place}${unset}`));
  if (there.length === 1) return;
  const owner = place === '' ? '' : `${place.slice(0, -1)}: `;
  throw invalid(
    there.length === 0
      ? `${owner}it is not said where the keys of this issuer are. Give one of ${members.join(', ')}.`
      : `${owner}${there.join(' and ')} exclude each other. Give one of them.`,
  );
}

export function assertNoRemotePolicy(given: object, place: string): void {
  const stray = ['allowInsecureHttp', 'maxStale'].find((name) => name in given);
  if (stray === undefined) return;
  throw invalid(`${place}${stray} goes with jwksUri or discovery, and neither is there. Leave it out.`);
}

/** What is weaker than it should be. */
export function warningsOfRemoteKeys({ policy }: ResolvedRemoteKeys, place: string): string[] {
  if (!policy.allowInsecureHttp) return [];
  return [
    `${place}allowInsecureHttp is on: whoever is between this service and the issuer can put keys of their own into the ` +
      'JWK Set, and sign tokens with them. Use it only where something else protects the connection, as a mesh does.',
  ];
}

/** The sentence for a member that was not left out, but has no value. */
export function thereButUndefined(option: string): string {
  return (
    `${option} is there but undefined. Is the environment variable set, or was it read before ConfigModule had loaded ` +
    'it? To do without it on purpose, leave it out.'
  );
}

function invalid(sentence: string): OptionError {
  return new OptionError('ERR_OPTION_INVALID', sentence);
}
