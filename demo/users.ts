import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** What a database would hold of a user: never the password. */
interface StoredPassword {
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** 32 MiB and about a third of a second for each guess (OWASP Password Storage Cheat Sheet). */
const COST = { N: 2 ** 15, r: 8, p: 3, maxmem: 64 * 1024 * 1024 };
const HASH_LENGTH = 32;

const users: ReadonlyMap<string, StoredPassword> = new Map([
  ['alice', stored('OLSLgrHrQhjQhgQpXW_EFw', 'xd1L2QFxTciF0v0SbdY_3MD_7_KJJBTxQ6h0JHUD9Ic')],
  ['bob', stored('rzywbTyXWlZ8tN0wTMpsrQ', 'Kaqk3bGl1vVqW6O83JfnIrlxrj7QD4cMKuVfzNS37Z0')],
]);

/** Stands in for a user who does not exist, so that a stranger costs the same time as a wrong password. */
const nobody: StoredPassword = { salt: randomBytes(16), hash: randomBytes(HASH_LENGTH) };

/** Whether there is a user of this name with this password. Both answers take the same time. */
export async function isPasswordOf(username: string, password: string): Promise<boolean> {
  const user = users.get(username);
  const { salt, hash } = user ?? nobody;
  return timingSafeEqual(await hashOf(password, salt), hash) && user !== undefined;
}

/** Off the event loop: other requests go on meanwhile. */
function hashOf(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, HASH_LENGTH, COST, (error, hash) => (error ? reject(error) : resolve(hash)));
  });
}

function stored(salt: string, hash: string): StoredPassword {
  return { salt: Buffer.from(salt, 'base64url'), hash: Buffer.from(hash, 'base64url') };
}
