import { createHash } from 'node:crypto';
import type { JwkSetCaching } from '../keys/jwk-set-caching.js';
import { isUnmodified } from './if-none-match.js';

/** What is answered. There is no body where the client has it already. */
export interface DocumentAnswer {
  readonly status: 200 | 304;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

/** How a document is published: as what, and for how long others may keep it. */
export interface PublishedDocumentOptions {
  readonly mediaType: string;
  readonly caching: JwkSetCaching;
}

/** A JSON document that everybody may read, from any origin, and that caches may keep. */
export class PublishedDocument {
  readonly #source: { readonly text: string };
  readonly #mediaType: string;
  readonly #cacheControl: string;
  #text: string | undefined;
  #body = Buffer.alloc(0);
  #entityTag = '';

  /** @param source - its text is asked for at each request; while it is the same, so is the entity tag. */
  constructor(source: { readonly text: string }, { mediaType, caching }: PublishedDocumentOptions) {
    this.#source = source;
    this.#mediaType = mediaType;
    this.#cacheControl = `public, max-age=${caching.maxAge}, stale-while-revalidate=${caching.staleWhileRevalidate}`;
  }

  /** The answer to GET and HEAD with this value of If-None-Match: 200, or 304 (RFC 9110 §15.4.5). */
  answer(ifNoneMatch: unknown): DocumentAnswer {
    this.#represent();
    const headers = {
      ETag: this.#entityTag,
      'Cache-Control': this.#cacheControl,
      // Browsers verify too. Nothing here depends on who asks.
      'Access-Control-Allow-Origin': '*',
    };
    if (isUnmodified(ifNoneMatch, this.#entityTag)) return { status: 304, headers, body: undefined };
    const described = { 'Content-Type': this.#mediaType, 'Content-Length': String(this.#body.length) };
    return { status: 200, headers: { ...described, ...headers }, body: this.#body };
  }

  #represent(): void {
    const { text } = this.#source;
    if (text === this.#text) return;
    this.#text = text;
    this.#body = Buffer.from(text);
    this.#entityTag = `"${createHash('sha256').update(this.#body).digest('base64url').slice(0, 22)}"`;
  }
}
