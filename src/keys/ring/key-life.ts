/** Where a key of a ring is in its life. */
export type KeyState = 'upcoming' | 'active' | 'retiring' | 'retired';

/** What decides over the life of one key: its name, and what it is good for. */
export interface LivingKey {
  /** Unix seconds from which it signs; `-Infinity` for since ever. */
  readonly signsFrom: number;
  /** Whether its private half is here. */
  readonly canSign: boolean;
  /** Whether it may begin to sign: one whose file went bad may not. One that signs already goes on. */
  readonly mayBegin: boolean;
}

/** The life of one key. Unix seconds; `Infinity` where no end is known yet. */
export interface KeyLife {
  readonly signsFrom: number;
  /** When its successor begins. */
  readonly signsUntil: number;
  /** When the last token that it signed has expired everywhere. */
  readonly verifiesUntil: number;
}

/**
 * When `key` signs and verifies: until the next newer key begins, and `retention` longer. What signs is followed by what
 * signs. A public key alone belongs to a private one elsewhere, which any newer key may follow.
 *
 * @param keys - the whole ring, `key` among them, and those that were revoked after they had begun.
 * @param retention - seconds.
 */
export function lifeOf(key: LivingKey, keys: readonly LivingKey[], retention: number): KeyLife {
  const { signsFrom } = key;
  const followers = keys.filter(
    (other) => other.signsFrom > signsFrom && (key.canSign ? other.canSign && other.mayBegin : true),
  );
  const signsUntil = Math.min(...followers.map((follower) => follower.signsFrom));
  return { signsFrom, signsUntil, verifiesUntil: signsUntil + retention };
}

/** @param now - Unix seconds. Written so that a NaN, from whatever clock, verifies nothing. */
export function stateOf({ signsFrom, signsUntil, verifiesUntil }: KeyLife, now: number): KeyState {
  if (now < signsFrom) return 'upcoming';
  if (now < signsUntil) return 'active';
  return now < verifiesUntil ? 'retiring' : 'retired';
}

/**
 * Who signs now: the newest whose time has come. Not the one before a key that was revoked, for its life is over; it may
 * be years ago that it was given up.
 *
 * @param ended - keys that were revoked after they had begun.
 */
export function activeOf<Key extends LivingKey>(
  keys: readonly Key[],
  ended: readonly LivingKey[],
  now: number,
): Key | undefined {
  const newest = keys
    .filter(({ canSign, mayBegin, signsFrom }) => canSign && mayBegin && signsFrom <= now)
    .reduce<Key | undefined>(
      (best, key) => (best && best.signsFrom >= key.signsFrom ? best : key),
      undefined,
    );
  return newest && stateOf(lifeOf(newest, [...keys, ...ended], 0), now) === 'active' ? newest : undefined;
}
