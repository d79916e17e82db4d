import { mint } from '../mint.js';
import { MALFORMED, refusedAs, type HostileToken } from './hostile-token.js';

/** What is no text, from a caller without types or from a hook that reads the token. Some bite when touched. */
export function nonTextTokens(): HostileToken[] {
  const good = mint();
  const refuse = (): never => {
    throw new RangeError('touched');
  };
  const traps = new Proxy({}, { get: () => refuse });
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  class Token extends String {}
  return refusedAs(MALFORMED, {
    undefined: undefined,
    null: null,
    'the boolean true': true,
    'the boolean false': false,
    'the number 0': 0,
    'the number 1': 1,
    'the number -1': -1,
    'the number NaN': Number.NaN,
    'the number Infinity': Number.POSITIVE_INFINITY,
    'a big integer': 10n ** 100n,
    'a symbol': Symbol(good),
    'a well-known symbol': Symbol.iterator,
    'an empty object': {},
    'an object without a prototype': Object.create(null) as unknown,
    'a list of the token': [good],
    'a list of its segments': good.split('.'),
    'an empty list': [],
    'a list in a list': [[good]],
    'a sparse list': Array.from({ length: 3 }),
    'a String object': new String(good),
    'an object of a class that extends String': new Token(good),
    'a boxed symbol': Object(Symbol('token')) as unknown,
    'a Number object': new Number(1),
    'an object with toString': { toString: () => good },
    'an object with valueOf': { valueOf: () => good },
    'an object with toJSON': { toJSON: () => good },
    'an object with Symbol.toPrimitive': { [Symbol.toPrimitive]: () => good },
    'an object with toString that throws': { toString: refuse },
    'an object with Symbol.toPrimitive that throws': { [Symbol.toPrimitive]: refuse },
    'an object with getters that throw': {
      get length(): number {
        return refuse();
      },
      get split(): never {
        return refuse();
      },
    },
    'an object that behaves as a text': {
      length: good.length,
      split: () => good.split('.'),
      slice: () => good,
    },
    'an object with the name of a text': { [Symbol.toStringTag]: 'String' },
    'an object with a prototype of String': Object.create(String.prototype) as unknown,
    'an object with a token': { token: good },
    'a proxy of a String object': new Proxy(new String(good), {}),
    'a proxy that throws': new Proxy({}, new Proxy({}, { get: () => refuse })),
    'a proxy whose members throw': traps,
    'a revoked proxy': revoked.proxy,
    'a Buffer': Buffer.from(good),
    'an Uint8Array': new TextEncoder().encode(good),
    'an ArrayBuffer': new ArrayBuffer(8),
    'a DataView': new DataView(new ArrayBuffer(8)),
    'a function': () => good,
    'an asynchronous function': async () => good,
    'a class': Token,
    'a promise of the token': Promise.resolve(good),
    'a thenable of the token': { then: (resolve: (token: string) => void) => resolve(good) },
    'a generator of the token': (function* () {
      yield good;
    })(),
    'a Date': new Date(0),
    'an invalid Date': new Date(Number.NaN),
    'a regular expression': /token/,
    'an Error': new Error(good),
    'a Map': new Map([['token', good]]),
    'a Set': new Set([good]),
    'a WeakMap': new WeakMap(),
    'a URL': new URL('https://issuer.example/'),
    'a frozen object': Object.freeze({ token: good }),
    globalThis: globalThis,
  });
}
