import type { DirectorySnapshot } from '../keys/ring/directory-snapshot.js';
import { planRotation, type NextKey, type RotationStep } from '../keys/ring/rotation-plan.js';
import { soonestStart, type RotationPolicy } from '../keys/ring/rotation-policy.js';
import { formatInstant, formatSpan } from '../time/time-text.js';
import { warnOfFaults } from './key-folder.js';
import { printableJson } from './printable.js';
import { table, type Terminal } from './terminal.js';

/** What is planned. */
export interface Planning {
  readonly snapshot: DirectorySnapshot;
  readonly policy: RotationPolicy;
  /** Unix seconds. */
  readonly now: number;
  /** Whether the next key is to sign at once. */
  readonly atOnce: boolean;
  readonly json: boolean;
}

const STEPS: Record<RotationStep['step'], string> = {
  published: 'published',
  signs: 'signs from',
  oldKeyRetires: 'old key retires',
  mayBePruned: 'may be pruned',
};

/** Prints what a rotation does, when, and what each step waits for. */
export function showPlan(planning: Planning, { out, err }: Terminal): void {
  const { snapshot, policy, now, json } = planning;
  const { active, keys } = snapshot.state;
  const onItsWay = keys.find(({ state, canSign }) => state === 'upcoming' && canSign);
  const steps = planRotation(policy, nextKey(planning));
  warnOfFaults(snapshot, err);
  if (json) {
    const names = { active: active?.name ?? null, upcoming: onItsWay?.name ?? null };
    const timeline = steps.map((step) => ({ ...step, at: formatInstant(step.at) }));
    return void out.write(`${printableJson({ ...names, steps: timeline })}\n`);
  }
  out.write(
    table([
      ['step', 'time', 'from now', 'waits for'],
      ...steps.map(({ step, at, waitsFor }) => [STEPS[step], formatInstant(at), fromNow(at - now), waitsFor]),
    ]),
  );
  err.write(active ? `The old key is ${active.name}. ` : 'No key signs at present. ');
  err.write(
    onItsWay && !planning.atOnce
      ? `The next one, ${onItsWay.name}, is there already.\n`
      : 'Nothing was changed.\n',
  );
}

function nextKey({ snapshot, policy, now, atOnce }: Planning): NextKey {
  const { active, keys } = snapshot.state;
  const hasPredecessor = active !== undefined;
  if (atOnce) return { publishedAt: now, signsFrom: now, hasPredecessor };
  const onItsWay = keys.find(({ state, canSign }) => state === 'upcoming' && canSign);
  if (!onItsWay) return { publishedAt: now, signsFrom: soonestStart(policy, now), hasPredecessor };
  const files = snapshot.listing.keys.find(({ stem }) => stem === onItsWay.name);
  return { publishedAt: files?.publishedAt ?? now, signsFrom: onItsWay.signsFrom, hasPredecessor };
}

function fromNow(span: number): string {
  if (Math.abs(span) < 1) return 'now';
  return span > 0 ? `in ${formatSpan(span)}` : `${formatSpan(span)} ago`;
}
