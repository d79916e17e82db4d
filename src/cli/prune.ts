import type { DirectorySnapshot } from '../keys/ring/directory-snapshot.js';
import type { KeyDirectory } from '../keys/ring/key-directory.js';
import { prunableFiles, type PruneReason } from '../keys/ring/pruning.js';
import { retentionOf, retentionSum, type RotationPolicy } from '../keys/ring/rotation-policy.js';
import { warnOfFaults } from './key-folder.js';
import { printableJson } from './printable.js';
import { table, type Terminal } from './terminal.js';

/** What is pruned, and whether only to say so. */
export interface Pruning {
  readonly directory: KeyDirectory;
  readonly snapshot: DirectorySnapshot;
  readonly policy: RotationPolicy;
  readonly now: number;
  readonly plan: boolean;
  readonly json: boolean;
}

const REASONS: Record<PruneReason, string> = {
  retired: 'its key is retired',
  revoked: 'its key is revoked',
  leftover: 'left over from an interrupted write',
  spent: 'revokes a key that is gone, of which no token can be valid',
};

/** Deletes what is over, and says what that was. */
export async function prune(pruning: Pruning, { out, err }: Terminal): Promise<void> {
  const { directory, snapshot, policy, now, plan, json } = pruning;
  const retention = retentionOf(policy);
  const files = prunableFiles(snapshot, await directory.files(), { retention, now });
  const sorted = files.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  if (!plan && sorted.length > 0) await directory.remove(sorted.map(({ name }) => name));
  warnOfFaults(snapshot, err);
  if (json) return void out.write(`${printableJson({ [plan ? 'wouldDelete' : 'deleted']: sorted })}\n`);
  const verb = plan ? 'would delete' : 'deleted';
  out.write(table(sorted.map(({ name, reason }) => [verb, name, REASONS[reason]])));
  if (sorted.length === 0) out.write('nothing to delete\n');
  err.write(`A key is retired when it has not signed for ${retentionSum(policy)}.\n`);
}
