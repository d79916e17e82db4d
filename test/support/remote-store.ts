import {
  SessionStore,
  type EndAllRequest,
  type EndRequest,
  type RevokeRequest,
  type RotateRequest,
  type StartRequest,
} from '../../src/sessions/session-store.js';

/**
 * A store as one process sees it that is not its own: what ended is learnt by asking. It can be down.
 */
export class RemoteStore extends SessionStore {
  /** What every method throws. */
  failure: Error | undefined;

  constructor(private readonly store: SessionStore) {
    super();
  }

  override start = (request: StartRequest) => this.ask((store) => store.start(request));
  override rotate = (request: RotateRequest) => this.ask((store) => store.rotate(request));
  override end = (request: EndRequest) => this.ask((store) => store.end(request));
  override endAll = (request: EndAllRequest) => this.ask((store) => store.endAll(request));
  override list = (sub: string) => this.ask((store) => store.list(sub));
  override revoke = (request: RevokeRequest) => this.ask((store) => store.revoke(request));
  override endedSince = (cursor: string | undefined) => this.ask((store) => store.endedSince(cursor));
  override inspect = () => this.ask((store) => store.inspect());

  private async ask<T>(question: (store: SessionStore) => Promise<T>): Promise<T> {
    if (this.failure !== undefined) throw this.failure;
    return question(this.store);
  }
}
