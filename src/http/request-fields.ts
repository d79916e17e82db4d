import { GrantTypeUnsupportedError, RequestMalformedError } from '../errors/endpoint-errors.js';

/** As much of a request as its fields are read from; Express's and Fastify's both fit. */
export interface BodyRequest {
  readonly body?: unknown;
}

/** Longer than any name or pass phrase, and short enough for the slowest hash. */
const LONGEST_CREDENTIAL = 1024;
/** Longer than any token that this library issues or takes, unless it is told otherwise. */
const LONGEST_TOKEN = 65_536;
/** RFC 6749 §A: what a username and a password may have. No NUL above all, at which many a database fails. */
const UNICODECHARNOCRLF = /^[\t\x20-\x7e\u0080-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]+$/u;
const VSCHAR = /^[\x20-\x7e]+$/;

/**
 * The fields of a body, JSON or form. Somebody sent them, so nothing is believed of their types; messages name a field
 * and never say what was in it. One that is empty counts as left out (RFC 6749 §3.2).
 */
export class RequestFields {
  readonly #body: object;

  private constructor(body: object) {
    this.#body = body;
  }

  /** @throws RequestMalformedError for a body that has no fields: a text, a list. No body at all has none, and is fine. */
  static of({ body }: BodyRequest): RequestFields {
    if (body === undefined || body === null) return new RequestFields({});
    if (typeof body !== 'object' || Array.isArray(body)) throw new RequestMalformedError();
    return new RequestFields(body);
  }

  /** A username or a password. */
  credential(name: string): string {
    return this.#required(name, { form: UNICODECHARNOCRLF, longest: LONGEST_CREDENTIAL });
  }

  /** A token, whatever it may be worth. */
  token(name: string): string {
    return this.#required(name, { form: VSCHAR, longest: LONGEST_TOKEN });
  }

  /** @throws GrantTypeUnsupportedError where a client asks for another grant than this. It need not say (RFC 6749 §5.2). */
  assertGrantType(expected: string): void {
    const given = this.#text('grant_type');
    if (given !== undefined && given !== expected) throw new GrantTypeUnsupportedError();
  }

  /** true, false, or the text of one of them, as forms have it. Left out it is false. */
  flag(name: string): boolean {
    const value = this.#own(name);
    if (typeof value === 'boolean') return value;
    const text = this.#text(name) ?? 'false';
    if (text === 'true' || text === 'false') return text === 'true';
    throw new RequestMalformedError(`The field ${name} must be true or false`);
  }

  #required(name: string, { form, longest }: { form: RegExp; longest: number }): string {
    const text = this.#text(name);
    if (text === undefined) throw new RequestMalformedError(`The field ${name} is missing`);
    if (text.length > longest) throw new RequestMalformedError(`The field ${name} is too long`);
    if (!form.test(text))
      throw new RequestMalformedError(`The field ${name} has characters that it must not have`);
    return text;
  }

  #text(name: string): string | undefined {
    const value = this.#own(name);
    if (value === undefined || value === '') return undefined;
    if (typeof value === 'string') return value;
    throw new RequestMalformedError(`The field ${name} must be one text`);
  }

  /** What every object has from its prototype was not sent. */
  #own(name: string): unknown {
    return Object.hasOwn(this.#body, name) ? (this.#body as Record<string, unknown>)[name] : undefined;
  }
}
