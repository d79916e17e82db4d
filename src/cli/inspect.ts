import { JwtRs256Error } from '../errors/jwt-rs256-error.js';
import { TokenClaimsError, TokenSignatureError } from '../errors/token-errors.js';
import { FixedVerificationKeys } from '../keys/verification-keys.js';
import { SystemClock } from '../time/clock.js';
import type { ClaimPolicy } from '../tokens/claim-rules.js';
import type { TokenType } from '../tokens/claims.js';
import { decodeUnverified, type UnverifiedToken } from '../tokens/decode-unverified.js';
import { isTokenType } from '../tokens/token-type.js';
import { TokenVerifier, type TokenVerifierOptions } from '../tokens/token-verifier.js';
import { DIRECTORY_HELP } from './directory-flags.js';
import { explainClaims } from './explain-claims.js';
import { readCommandLine, textOf, wrongUsage, type FlagValues } from './flags.js';
import { findKeys, SOURCE_FLAGS, type KeySource, type NoKeySource } from './key-source.js';
import { durationOf, POLICY_FLAGS, POLICY_HELP, readPolicy } from './policy-flags.js';
import { readToken } from './read-token.js';
import { showInspection, type Inspection } from './show-inspection.js';
import type { Terminal } from './terminal.js';

const HELP = `Verifies a token and explains the verdict: which key, and each claim, with the clock in words.

Usage: jwt-rs256 inspect [<token>] [options]

Without an argument, or with -, the token is read from standard input. A token on the command line ends in the history
of the shell, and other users of the machine see it while the command runs: whoever finds it can use it until it expires.

Options:
${DIRECTORY_HELP}
  -k, --key <path>              verify with this key file instead
      --jwks-uri <url>          verify with the keys of this JWK Set instead
      --issuer <text>           iss must be this. Where no keys are named and it is an address, they are found through it
      --allow-insecure-http     http to other hosts than this one
      --audience <text>         one of these must be in aud; may be given more than once
      --typ <type>              at+jwt or JWT (default: at+jwt; with a JWK Set at+jwt, JWT or none)
      --required-claims <list>  claims that must be there (default: exp,iat,nbf; with a JWK Set exp,iat)
      --json                    print the result as JSON
  -h, --help                    this text

${POLICY_HELP}

Exit codes:
  0  the token was verified, and is good
  1  it was not
  2  wrong usage`;

const SYNTAX = {
  command: 'inspect',
  flags: [...SOURCE_FLAGS, ...POLICY_FLAGS, 'audience', 'typ', 'required-claims'],
  operands: 1,
} as const;

const LONGEST_TOKEN = 8192;

/** Nothing of a token gets to the terminal but escaped, and its signature not at all. */
export async function inspect(args: string[], terminal: Terminal): Promise<number> {
  const { flags, operands } = readCommandLine(args, SYNTAX);
  if (flags.help === true) {
    terminal.out.write(`${HELP}\n`);
    return 0;
  }
  const policy = readPolicy('inspect', flags);
  const options = readOptions(flags);
  const token = await readToken(operands[0], terminal);
  const source = await findKeys('inspect', flags, { policy, now: new SystemClock().now() });
  const inspection = await examine(token, source, { ...defaultsOf(source), ...options });
  showInspection(inspection, flags.json === true, terminal);
  return inspection.isVerified ? 0 : 1;
}

/** A token, taken apart and verified where there are keys. */
async function examine(
  token: string,
  source: KeySource | NoKeySource,
  options: TokenVerifierOptions,
): Promise<Inspection> {
  const now = new SystemClock().now();
  const error = source.keys ? await refusalOf(token, source, options, now) : source.cause;
  const isVerified = source.keys !== undefined && error === undefined;
  const decoded = decode(token);
  const signature =
    isVerified || error instanceof TokenClaimsError
      ? 'good'
      : error instanceof TokenSignatureError
        ? 'bad'
        : 'not verified';
  const verdicts = decoded ? explainClaims(decoded.claims, policyOf(options), now) : [];
  return { isVerified, error, source, decoded, signature, verdicts, now };
}

async function refusalOf(
  token: string,
  { keys }: KeySource,
  options: TokenVerifierOptions,
  now: number,
): Promise<JwtRs256Error | undefined> {
  try {
    await new TokenVerifier(new FixedVerificationKeys(keys), new Moment(now), options).verify(token);
    return undefined;
  } catch (error) {
    if (error instanceof JwtRs256Error) return error;
    throw error;
  }
}

function decode(token: string): UnverifiedToken | undefined {
  try {
    return decodeUnverified(token, LONGEST_TOKEN);
  } catch {
    // The verifier says why; and where there are no keys, that it is no token is to be seen.
    return undefined;
  }
}

function policyOf(options: TokenVerifierOptions): ClaimPolicy {
  const { issuer, allowsScopeList = false } = options;
  return { ...options, issuers: issuer === undefined ? [] : [issuer], exactClaims: [], allowsScopeList };
}

/** Other issuers stamp less, and otherwise: the same is accepted of them as of a trusted issuer. */
function defaultsOf({ isRemote }: { isRemote: boolean }): Defaults {
  return isRemote
    ? { typ: undefined, requiredClaims: ['exp', 'iat'], allowsScopeList: true }
    : { typ: 'at+jwt', requiredClaims: ['exp', 'iat', 'nbf'] };
}

/** The verdict and the words about the clock are of one moment. */
class Moment extends SystemClock {
  readonly #now: number;

  constructor(now: number) {
    super();
    this.#now = now;
  }

  override now(): number {
    return this.#now;
  }
}

type Flags = FlagValues<(typeof SYNTAX.flags)[number]>;

type Defaults = Pick<TokenVerifierOptions, 'typ' | 'requiredClaims' | 'allowsScopeList'>;

function readOptions(flags: Flags): Omit<TokenVerifierOptions, keyof Defaults> & Partial<Defaults> {
  if (flags.audience?.includes('') === true) throw wrongUsage('inspect', '--audience must not be empty.');
  return {
    issuer: textOf('inspect', flags, 'issuer'),
    audience: flags.audience,
    ...(flags.typ === undefined ? {} : { typ: typeOf(flags.typ) }),
    ...requiredOf(flags),
    verifyClaims: ['exp', 'nbf', 'iat'],
    clockTolerance: durationOf('inspect', flags, 'clock-tolerance'),
    maxTokenTtl: durationOf('inspect', flags, 'max-token-ttl'),
    maxTokenLength: LONGEST_TOKEN,
    cacheSize: 0,
  };
}

function typeOf(typ: string): TokenType {
  if (isTokenType(typ)) return typ;
  throw wrongUsage('inspect', '--typ must be at+jwt or JWT.');
}

function requiredOf({ 'required-claims': list }: Flags): Partial<Defaults> {
  if (list === undefined) return {};
  const requiredClaims = list
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  return { requiredClaims };
}
