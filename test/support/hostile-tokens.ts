import { claimTokens } from './hostile/claims.js';
import { encodingTokens } from './hostile/encoding.js';
import { headerTokens } from './hostile/header.js';
import type { HostileToken } from './hostile/hostile-token.js';
import { jsonTokens } from './hostile/json.js';
import { nonTextTokens } from './hostile/non-texts.js';
import { signatureTokens } from './hostile/signature.js';
import { structureTokens } from './hostile/structure.js';

export type { HostileToken };

/** Hostile tokens of one kind. */
export interface HostileClass {
  readonly title: string;
  readonly tokens: readonly HostileToken[];
}

/**
 * The corpus: tokens that a verifier with the options `VERIFYING`, at the time `NOW`, must refuse. All are made from
 * real keys, and each is good but for what its name says: where a signature is not the point, the right key signed.
 */
export const HOSTILE_TOKENS: readonly HostileClass[] = [
  { title: 'structure', tokens: structureTokens() },
  { title: 'encoding', tokens: encodingTokens() },
  { title: 'header', tokens: headerTokens() },
  { title: 'JSON', tokens: jsonTokens() },
  { title: 'signature', tokens: signatureTokens() },
  { title: 'claims', tokens: claimTokens() },
  { title: 'not a text', tokens: nonTextTokens() },
];
