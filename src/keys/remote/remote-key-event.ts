/** What happens to the keys of another issuer. No message holds a key, a token or what follows `?` in an address. */
export type RemoteKeyEvent = {
  /** As it is configured. */
  readonly issuer: string;
  /** A sentence for an operator. */
  readonly message: string;
} & (
  | {
      /** A set was fetched, with the same keys as before: `refreshed`. With others, or the first: `changed`. */
      readonly type: 'refreshed' | 'changed';
      /** Of all keys that verify now. */
      readonly kids: readonly string[];
    }
  | {
      /**
       * No set could be fetched: `unavailable`, once until the next success. One was fetched and not accepted:
       * `refused`, once for each reason. The keys are too old to be believed, or there never were any, which is 503 for
       * every token: `expired`, once, after one of the others.
       */
      readonly type: 'unavailable' | 'refused' | 'expired';
      readonly cause: unknown;
    }
  /** A set was fetched after a failure. */
  | { readonly type: 'recovered' }
  | {
      /** A key of the set does not verify. Told once, for as long as it stays so. */
      readonly type: 'keySkipped';
      /** `otherUse`: it is for something else, which is usual. The others want an operator to look at the issuer. */
      readonly reason: SkipReason;
    }
);

/** Why a key of a set is not used: it says so itself, it is weak or damaged, or its kid is that of another key too. */
export type SkipReason = 'otherUse' | 'unusable' | 'kidTwice';
