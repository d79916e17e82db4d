import { JwtRs256Error } from '../errors/jwt-rs256-error.js';
import type { DirectorySnapshot } from '../keys/ring/directory-snapshot.js';
import type { RingKey } from '../keys/ring/key-ring.js';
import type { RemoteResponse } from '../keys/remote/remote-response.js';
import type { VerificationKey } from '../keys/verification-key.js';
import { SystemClock } from '../time/clock.js';
import { formatSpan } from '../time/time-text.js';
import type { Examination } from './diagnose-folder.js';
import { error, ok, warning, type Finding } from './finding.js';
import { fetchSet, type RemoteSet, type RemoteSource } from './remote-set.js';

/** Clocks that are set by NTP differ by less. Seconds; a Date header has no fractions. */
const USUAL_DIFFERENCE = 2;

/** What is asked, and beside what. */
export interface RemoteExamination {
  readonly source: RemoteSource;
  readonly allowInsecureHttp: boolean;
  readonly clockTolerance: number;
  /** Undefined where the folder cannot be looked at. */
  readonly folder: Examination | undefined;
}

/** Asks for a published JWK Set as others do: can it be had, has it the keys of the folder, is this clock right? */
export async function diagnoseRemote(examination: RemoteExamination): Promise<readonly Finding[]> {
  const { source, allowInsecureHttp, clockTolerance, folder } = examination;
  const about = 'jwksUri' in source ? source.jwksUri : source.issuer;
  const clock = new SystemClock();
  const began = clock.now();
  let set: RemoteSet;
  try {
    set = await fetchSet(source, allowInsecureHttp);
  } catch (cause) {
    if (!(cause instanceof JwtRs256Error)) throw cause;
    return [
      error(
        about,
        `${cause.code}: ${cause.message}`,
        'Others cannot verify tokens until this works: is the issuer up, and is this its address?',
      ),
    ];
  }
  const here = (began + clock.now()) / 2;
  const { keys, skipped } = set.reading;
  return [
    ok(about, `answers with ${keys.length} ${keys.length === 1 ? 'key' : 'keys'} for RS256`),
    ...diagnoseClock(about, set.response, { here, clockTolerance }),
    ...skipped
      .filter(({ reason }) => reason !== 'otherUse')
      .map(({ message }) => warning(about, message, 'Its issuer has to replace that key.')),
    ...(folder ? compare(about, keys, folder) : []),
  ];
}

function diagnoseClock(
  about: string,
  { date, age }: RemoteResponse,
  { here, clockTolerance }: { here: number; clockTolerance: number },
): readonly Finding[] {
  // Cut to a second. What a cache answers with has the date of its origin.
  const there = Date.parse(date ?? '') / 1000 + 0.5 + (/^\d{1,9}$/.test(age ?? '') ? Number(age) : 0);
  const difference = here - there;
  if (Number.isNaN(difference))
    return [
      warning(about, 'sends no Date header, so this clock cannot be compared', 'Look at it: timedatectl.'),
    ];
  if (Math.abs(difference) <= USUAL_DIFFERENCE) return [ok('clock', `agrees with that of ${about}`)];
  const message = `is ${formatSpan(difference)} ${difference > 0 ? 'ahead of' : 'behind'} that of ${about}; clockTolerance is ${clockTolerance} s`;
  const fix =
    'Find out which of them is wrong, and let NTP set it: timedatectl set-ntp true. A container has the clock of its host.';
  return [
    Math.abs(difference) > clockTolerance ? error('clock', message, fix) : warning('clock', message, fix),
  ];
}

function compare(about: string, theirs: readonly VerificationKey[], folder: Examination): readonly Finding[] {
  const { snapshot } = folder;
  const published = new Map(theirs.map((key) => [key.kid, key]));
  const ours = new Map(
    snapshot.held.flatMap(({ key }) => (key ? [[key.verificationKey.kid, key.verificationKey]] : [])),
  );
  const living = snapshot.state.keys.filter(({ state }) => state !== 'retired');
  const findings = [
    ...living.flatMap((key) =>
      diagnoseKey(about, key, { theirs: published.get(key.kid), ours: ours.get(key.kid)!, folder }),
    ),
    ...theirs.filter(({ kid }) => snapshot.listing.revoked.has(kid)).map(({ kid }) => stillThere(about, kid)),
  ];
  const strange = theirs.filter(({ kid }) => !ours.has(kid) && !snapshot.listing.revoked.has(kid));
  if (strange.length > 0) {
    const message = `has ${strange.length} ${strange.length === 1 ? 'key that is' : 'keys that are'} not in this folder: ${strange.map(({ kid }) => kid).join(', ')}`;
    findings.push(
      warning(
        about,
        message,
        'Is this the folder of that issuer, and do all of its instances see the same one?',
      ),
    );
  }
  return findings.length > 0 ? findings : [ok(about, 'has every key of the folder, upcoming ones too')];
}

interface Comparison {
  readonly theirs: VerificationKey | undefined;
  readonly ours: VerificationKey;
  readonly folder: Examination;
}

function diagnoseKey(about: string, key: RingKey, { theirs, ours, folder }: Comparison): readonly Finding[] {
  const { name, kid, state } = key;
  if (theirs?.equals(ours)) return [];
  if (theirs)
    return [
      error(name, `has the kid ${kid} of another key at ${about}`, 'Is this the folder of that issuer?'),
    ];
  const message = `is ${state}, and ${about} does not have it: ${CONSEQUENCES[state]}`;
  const { maxAge, staleWhileRevalidate } = folder.policy;
  const since = folder.now - publishedAt(folder.snapshot, name);
  const fix =
    'Does the issuer see this folder, can it read the file, and is what is in between a cache that is too old?';
  if (state === 'upcoming' && since < maxAge + staleWhileRevalidate)
    return [
      warning(
        name,
        `${message}. It was put here ${formatSpan(since)} ago`,
        `${fix} Try again in ${formatSpan(maxAge)}.`,
      ),
    ];
  return [error(name, message, fix)];
}

const CONSEQUENCES: Record<RingKey['state'], string> = {
  upcoming: 'its tokens will be refused at first',
  active: 'its tokens are refused',
  retiring: 'tokens that it signed, and that have not expired, are refused',
  retired: 'as it should be',
};

function publishedAt({ listing }: DirectorySnapshot, name: string): number {
  return listing.keys.find(({ stem }) => stem === name)?.publishedAt ?? 0;
}

function stillThere(about: string, kid: string): Finding {
  const fix =
    'Let the issuer see the file <kid>.revoked, and empty the caches in between. Others keep the set for its max-age.';
  return error(about, `still has the revoked key ${kid}`, fix);
}
