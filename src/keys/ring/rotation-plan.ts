import { OptionError } from '../../errors/developer-errors.js';
import { leadSum, retentionOf, retentionSum, SETTLING, type RotationPolicy } from './rotation-policy.js';

/** What happens at one moment of a rotation, and what has been waited for until then. */
export interface RotationStep {
  readonly step: 'published' | 'signs' | 'oldKeyRetires' | 'mayBePruned';
  /** Unix seconds. */
  readonly at: number;
  readonly waitsFor: string;
}

/** The key that comes next. Unix seconds. */
export interface NextKey {
  readonly publishedAt: number;
  readonly signsFrom: number;
  /** Whether it follows a key that signs now. */
  readonly hasPredecessor: boolean;
}

/** The timeline of a rotation: from a key's publication to the end of the one before it. */
export function planRotation(policy: RotationPolicy, next: NextKey): readonly RotationStep[] {
  const { publishedAt, signsFrom, hasPredecessor } = next;
  const end = signsFrom + retentionOf(policy);
  const lead = `everybody who verifies to have it: ${leadSum(policy)}, and ${SETTLING} s for the folder to be seen`;
  const steps: RotationStep[] = [
    {
      step: 'published',
      at: publishedAt,
      waitsFor: 'nothing; instances that see the folder have it in a second',
    },
    {
      step: 'signs',
      at: signsFrom,
      waitsFor: signsFrom > publishedAt ? lead : 'nothing, so others may refuse its tokens for a while',
    },
  ];
  if (!hasPredecessor) return steps;
  return [
    ...steps,
    {
      step: 'oldKeyRetires',
      at: end,
      waitsFor: `its last token to have expired everywhere: ${retentionSum(policy)}`,
    },
    { step: 'mayBePruned', at: end, waitsFor: "nothing but you: 'npx jwt-rs256 rotate --prune'" },
  ];
}

/**
 * Refuses to let a key sign that others cannot know yet, while there is one that they do know.
 *
 * @throws OptionError `ERR_OPTION_ROTATION`
 */
export function refuseToSignAtOnce(policy: RotationPolicy, active: string): never {
  throw new OptionError(
    'ERR_OPTION_ROTATION',
    `A key that signs at once is one that others do not have yet. They may need ${leadSum(policy)} to learn of it, and refuse ` +
      `its tokens until then; ${active} signs meanwhile, and nothing is wrong with it. Leave --now out to wait, use 'revoke' for ` +
      'a key that was stolen, or add --force if that is meant.',
  );
}
