import { Injectable } from '@nestjs/common';
import { Authenticator } from 'nestjs-jwt-rs256';
import { isPasswordOf } from './users.js';

/** Who somebody is, by password. A real application limits how often one may be guessed. */
@Injectable()
export class PasswordAuthenticator extends Authenticator {
  override async authenticate(username: string, password: string): Promise<string | null> {
    return (await isPasswordOf(username, password)) ? username : null;
  }
}
