import { KeysUnavailableError } from '../../errors/unavailable-errors.js';

/** Why a refresh of a remote JWK Set failed. Requests get it as the `cause` of a `KeysUnavailableError`. */
export class RemoteKeysError extends KeysUnavailableError {
  /** Whether nothing usable came, or what came was not acceptable. */
  readonly type: 'unavailable' | 'refused';

  constructor(type: 'unavailable' | 'refused', message: string) {
    super(message);
    this.type = type;
  }
}
