import { OptionError, type OptionErrorCode } from '../errors/developer-errors.js';
import { DEEPEST_JSON, isWellFormed } from './strict-json.js';

/** Where a value stands, for messages: `claims.address.street`. */
interface Place {
  readonly path: string;
  readonly depth: number;
  readonly code: OptionErrorCode;
}

/**
 * Copies a plain object of JSON values, refusing every value that `JSON.stringify` would drop, turn into something
 * else or fail on: undefined, NaN, Infinity, functions, symbols, bigints, Dates, Maps, class instances, cycles. The
 * copy is what gets signed, so nothing that changes meanwhile (a getter, a proxy) can.
 *
 * @throws OptionError with `code`, naming the member and never its value.
 */
export function copyPlainJson(value: unknown, path: string, code: OptionErrorCode): Record<string, unknown> {
  if (!isPlainObject(value)) throw new OptionError(code, `${path} must be a plain object.`);
  return copyObject(value, { path, depth: 1, code });
}

function copyObject(value: object, place: Place): Record<string, unknown> {
  if (place.depth > DEEPEST_JSON)
    throw refuse(place, `is nested deeper than ${DEEPEST_JSON} levels, or contains itself`);
  const copy: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    const inside = { ...place, path: `${place.path}.${name}`, depth: place.depth + 1 };
    if (name === '__proto__' || !isWellFormed(name))
      throw refuse(place, 'has a member name that a token must not have');
    copy[name] = copyValue(member, inside);
  }
  return copy;
}

function copyValue(value: unknown, place: Place): unknown {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'string') {
    if (isWellFormed(value)) return value;
    throw refuse(place, 'has a lone surrogate, which UTF-8 cannot hold: different texts would become one');
  }
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return value;
    throw refuse(place, 'is NaN or infinite, which JSON cannot hold');
  }
  if (Array.isArray(value)) return copyArray(value, place);
  if (isPlainObject(value)) return copyObject(value, place);
  throw refuse(place, `is ${describe(value)}, which JSON cannot hold. Leave it out, or pass plain data`);
}

function copyArray(value: readonly unknown[], place: Place): unknown[] {
  if (place.depth > DEEPEST_JSON)
    throw refuse(place, `is nested deeper than ${DEEPEST_JSON} levels, or contains itself`);
  return Array.from(value, (member, index) =>
    copyValue(member, { ...place, path: `${place.path}[${index}]`, depth: place.depth + 1 }),
  );
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

function describe(value: unknown): string {
  if (typeof value !== 'object') return typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`;
  return `an instance of ${value?.constructor?.name ?? 'a class'}`;
}

function refuse(place: Place, fault: string): OptionError {
  return new OptionError(place.code, `${place.path} ${fault}.`);
}
