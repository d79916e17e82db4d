/**
 * Says who somebody is, by username and password: the one thing that a login cannot know by itself. A provider, so it
 * can inject what it needs.
 *
 * @example
 * ```ts
 * import { Injectable } from '@nestjs/common';
 * import { Authenticator } from 'nestjs-jwt-rs256';
 *
 * @Injectable()
 * export class Users extends Authenticator {
 *   override async authenticate(username: string, password: string): Promise<string | null> {
 *     return username === 'alice' && password === 'correct horse' ? 'alice' : null;
 *   }
 * }
 * ```
 */
export abstract class Authenticator {
  /**
   * Compares with a hash that is slow to make (argon2, bcrypt, scrypt), and takes as long for a stranger as for a wrong
   * password.
   *
   * @param username - 1 to 1,024 characters, none of them a control character but TAB (RFC 6749 §A.15).
   * @param password - the same.
   * @param request - Express's or Fastify's.
   * @returns the identity, for the option `claims`: by default a text, the `sub`, or an object with a text `sub`. null,
   * undefined or false is 401.
   */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the platform's request type is the application's to name
  abstract authenticate(username: string, password: string, request: any): unknown;
}
