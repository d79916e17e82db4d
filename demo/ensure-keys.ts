import { generateKeyPair, writeKeyPair } from 'nestjs-jwt-rs256';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const directory = process.env.KEYS_DIRECTORY ?? 'keys';

/** The files that `openssl`, `npx jwt-rs256 keygen` and this demo agree on. */
export const privateKeyFile = join(directory, 'rs256.pem');
export const publicKeyFile = join(directory, 'rs256.pub');

/**
 * Makes a key pair on the first run. When one of the two files is there, nothing is made: the module says which one
 * is missing, and the command that makes it.
 */
export async function ensureKeys(): Promise<void> {
  if (existsSync(privateKeyFile) || existsSync(publicKeyFile)) return;
  await writeKeyPair(directory, await generateKeyPair());
}
