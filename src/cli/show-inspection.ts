import type { JwtRs256Error } from '../errors/jwt-rs256-error.js';
import { TokenTypeError } from '../errors/token-errors.js';
import { formatInstant } from '../time/time-text.js';
import type { UnverifiedToken } from '../tokens/decode-unverified.js';
import type { ClaimVerdict } from './explain-claims.js';
import { warnOfFaults } from './key-folder.js';
import type { KeySource, NoKeySource } from './key-source.js';
import { printable, printableJson } from './printable.js';
import { table, type Terminal } from './terminal.js';

/** What was found out about a token. */
export interface Inspection {
  readonly isVerified: boolean;
  readonly error: JwtRs256Error | undefined;
  readonly source: KeySource | NoKeySource;
  /** Undefined: it is no JWT. */
  readonly decoded: UnverifiedToken | undefined;
  readonly signature: 'good' | 'bad' | 'not verified';
  readonly verdicts: readonly ClaimVerdict[];
  /** Unix seconds. */
  readonly now: number;
}

/** Of a value that is longer, the beginning says what it is. Characters. */
const LONGEST_VALUE = 200;

export function showInspection(inspection: Inspection, json: boolean, { out, err }: Terminal): void {
  const { isVerified, source, decoded, signature, verdicts, now, error } = inspection;
  if (source.keys && source.snapshot) warnOfFaults(source.snapshot, err);
  const verdict = verdictOf(inspection);
  const key = keyOf(inspection);
  if (json) {
    const code = error?.code ?? null;
    const { header = null, claims = null } = decoded ?? {};
    const said = {
      verified: isVerified,
      verdict,
      code,
      signature,
      keys: source.where,
      key,
      header,
      claims,
      verdicts,
    };
    return void out.write(`${printableJson({ ...said, now: formatInstant(now) })}\n`);
  }
  out.write(
    table(
      [
        ['verdict', verdict],
        ['keys', source.where],
        ['key', key],
        ['signature', signature],
        ['now', formatInstant(now)],
      ].map(([name, text]) => [name!, printable(text!)]),
    ),
  );
  if (!decoded) return;
  const trust = signature === 'good' ? '' : ': not verified, anybody can have written this';
  out.write(`\nheader${trust}\n`);
  out.write(table(Object.entries(decoded.header).map(([name, value]) => ['', nameOf(name), valueOf(value)])));
  out.write(`\nclaims${trust}\n`);
  out.write(
    table(
      verdicts.map(({ claim, verdict: said, note }) => {
        const isThere = Object.hasOwn(decoded.claims, claim);
        return ['', nameOf(claim), isThere ? valueOf(decoded.claims[claim]) : '-', said, printable(note)];
      }),
    ),
  );
}

function verdictOf({ isVerified, error, source, decoded }: Inspection): string {
  if (isVerified) return 'good';
  if (source.keys) return `refused: ${error!.code}, ${error!.message}${hintOf(error!, decoded)}`;
  const malformed = decoded ? '' : ' It is no JWT in the compact serialization, either.';
  if (error) return `nothing was verified: ${error.code}, ${error.message}${malformed}`;
  return `nothing was verified: there is no key. Give --directory, --key, --jwks-uri or --issuer.${malformed}`;
}

function hintOf(error: JwtRs256Error, decoded: UnverifiedToken | undefined): string {
  if (!(error instanceof TokenTypeError) || !decoded) return '';
  return `: it says ${valueOf(decoded.header.typ)}. Give --typ JWT if that is what the service expects`;
}

/** Which key the token names, and what became of it. */
function keyOf({ source, decoded }: Inspection): string {
  const kid = decoded?.header.kid;
  if (!decoded) return 'not known';
  const named = kid === undefined ? 'the token names none' : valueOf(kid);
  if (!source.keys) return named;
  const { snapshot, keys } = source;
  if (kid === undefined)
    return keys.length === 1
      ? `${named}; there is one, ${keys[0]!.kid}`
      : `${named}, and there are ${keys.length}`;
  if (!snapshot) return `${named}  ${keys.some((key) => key.kid === kid) ? 'is there' : 'is not there'}`;
  const held = snapshot.held.find(({ key }) => key?.verificationKey.kid === kid);
  if (!held) return `${named}  is not in the folder`;
  const life = snapshot.state.keys.find(({ name }) => name === held.name);
  if (!life) return `${named}  revoked (${held.name})`;
  return `${named}  ${life.state} (${held.name})${life.state === 'retired' ? ` since ${formatInstant(life.verifiesUntil)}` : ''}`;
}

function nameOf(name: string): string {
  return valueOf(name).slice(1, -1);
}

function valueOf(value: unknown): string {
  const text = value === undefined ? 'nothing' : printableJson(value);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}...` : text;
}
