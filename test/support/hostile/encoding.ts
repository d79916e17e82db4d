import { base64url, claims, header, mint, mintWith, ownKey } from '../mint.js';
import { sign } from 'node:crypto';
import { MALFORMED, refusedAs, SIGNATURE, type HostileToken } from './hostile-token.js';

type Segments = [header: string, claims: string, signature: string];
type Position = 0 | 1 | 2;

const PLACES = ['header', 'claims', 'signature'] as const;
const POSITIONS: readonly Position[] = [0, 1, 2];

/** What the respellings below replace. */
const NEEDED = [/[-_]/, /k/i, /s/i, /\d/];

/** A good token whose every segment has all of that, and ends in a character with room for stray bits. */
const segments = findSegments();

function findSegments(): Segments {
  for (let attempt = 0; ; attempt++) {
    // "\u00ff>~?" in UTF-8 is full of sextets 62 and 63.
    const text = `${'\u00ff>~?'.repeat(3)}${'x'.repeat(attempt % 4)}`;
    const token = mint(header({ x: text }), claims({ x: text, attempt }));
    const found = token.split('.') as Segments;
    if (found.every((segment) => segment.length % 4 > 1 && NEEDED.every((what) => what.test(segment))))
      return found;
  }
}

/** Spellings of the same octets that a lenient decoder would take, and spellings of nothing. */
const RESPELLINGS: Readonly<Record<string, (segment: string) => string>> = {
  'with padding': (text) => text.padEnd(Math.ceil(text.length / 4) * 4, '='),
  'with too much padding': (text) => `${text}====`,
  'with percent-encoded padding': (text) => `${text}%3D`,
  'in the alphabet with + and /': (text) => text.replaceAll('-', '+').replaceAll('_', '/'),
  'with a plus for a - or _': (text) => replaceFirst(text, /[-_]/, () => '+'),
  'with a slash for a - or _': (text) => replaceFirst(text, /[-_]/, () => '/'),
  'with stray bits in its last character': (text) => text.slice(0, -1) + straying(text.at(-1)!),
  'of a length that base64url never has': (text) =>
    `${text}AAAA`.slice(0, Math.ceil(text.length / 4) * 4 + 1),
  'with a space before': (text) => ` ${text}`,
  'with a space after': (text) => `${text} `,
  'with a space inside': (text) => inside(text, ' '),
  'with a plus inside': (text) => inside(text, '+'),
  'with a line feed after': (text) => `${text}\n`,
  'with a line feed inside': (text) => inside(text, '\n'),
  'with CR LF inside': (text) => inside(text, '\r\n'),
  'with a tab inside': (text) => inside(text, '\t'),
  'with NUL after': (text) => `${text}\0`,
  'with NUL inside': (text) => inside(text, '\0'),
  'with a byte order mark before': (text) => `\ufeff${text}`,
  'with a zero-width space inside': (text) => inside(text, '\u200b'),
  'with a no-break space inside': (text) => inside(text, '\u00a0'),
  'with a line separator inside': (text) => inside(text, '\u2028'),
  'with a full-width letter': (text) => replaceFirst(text, /[A-Za-z]/, (char) => shifted(char, 0xfee0)),
  'with a full-width digit': (text) => replaceFirst(text, /\d/, (char) => shifted(char, 0xfee0)),
  'with an Arabic digit': (text) => replaceFirst(text, /\d/, (char) => shifted(char, 0x0630)),
  'with a Kelvin sign for k': (text) => replaceFirst(text, /k/i, () => '\u212a'),
  'with a long s for s': (text) => replaceFirst(text, /s/i, () => '\u017f'),
  'with a Unicode hyphen': (text) => replaceFirst(text, /[-_]/, () => '\u2010'),
  'with a character that is A in its low byte': (text) => `${text.slice(0, -1)}\u0141`,
  'with a percent-encoded letter': (text) =>
    replaceFirst(text, /[A-Za-z]/, (char) => `%${char.charCodeAt(0).toString(16)}`),
  'with a backslash': (text) => inside(text, '\\'),
  'with a tilde': (text) => `${text}~`,
  'with an asterisk': (text) => `${text}*`,
  'with an exclamation mark': (text) => `${text}!`,
  'with a lone surrogate': (text) => `${text}\ud800`,
  'with an emoji': (text) => `${text}\u{1f511}`,
};

/** One signature must not have sixteen spellings: each of these is refused before anything is parsed. */
export function encodingTokens(): HostileToken[] {
  const respelled = Object.entries(RESPELLINGS).flatMap(([how, respell]) =>
    POSITIONS.map((position) => ({
      name: `the ${PLACES[position]} ${how}`,
      token: segments.map((segment, at) => (at === position ? respell(segment) : segment)).join('.'),
      code: MALFORMED as 'ERR_TOKEN_MALFORMED',
    })),
  );
  return [...respelled, ...resignedTokens()];
}

/** Here the signature is over the very spelling, so nothing but the spelling is wrong. */
function resignedTokens(): HostileToken[] {
  const resigned = (head: string, payload: string) =>
    `${head}.${payload}.${sign('RSA-SHA256', Buffer.from(`${head}.${payload}`), ownKey).toString('base64url')}`;
  const [head, payload, signature] = segments;
  const padded = (text: string) => Buffer.from(text, 'base64url').toString('base64');
  const canonical = Buffer.from(signature, 'base64url');
  return [
    ...refusedAs(MALFORMED, {
      'padded base64 throughout, signed as it is spelled': resigned(padded(head), padded(payload)),
      'stray bits in the claims, signed as they are spelled': resigned(
        head,
        payload.slice(0, -1) + straying(payload.at(-1)!),
      ),
      'stray bits in the header, signed as they are spelled': resigned(
        head.slice(0, -1) + straying(head.at(-1)!),
        payload,
      ),
      'a line feed in the claims, signed as they are spelled': resigned(head, inside(payload, '\n')),
      'claims that are JSON and not base64url, signed': resigned(head, JSON.stringify(claims())),
      'a header that is JSON and not base64url, signed': resigned(JSON.stringify(header()), payload),
      'a header that is percent-encoded JSON, signed': resigned(
        encodeURIComponent(JSON.stringify(header())),
        payload,
      ),
      'claims in base64url of base64url': mint(header(), base64url(claims())),
      'a header in base64url of base64url': mint(base64url(header()), claims()),
      'claims in base64url of hexadecimal': mint(
        header(),
        Buffer.from(JSON.stringify(claims())).toString('hex'),
      ),
    }),
    ...refusedAs(SIGNATURE, {
      'the signature in base64url of base64url': `${head}.${payload}.${base64url(signature)}`,
      'the signature in base64url of hexadecimal': `${head}.${payload}.${base64url(canonical.toString('hex'))}`,
      'the signature in hexadecimal': `${head}.${payload}.${canonical.toString('hex')}`,
      'the signature in upper case': `${head}.${payload}.${signature.slice(0, -1).toUpperCase()}A`,
      'the header in lower case with its right signature': mintWith((input) =>
        sign('RSA-SHA256', Buffer.from(input.toString().toLowerCase()), ownKey),
      ),
    }),
  ];
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

function straying(last: string): string {
  return ALPHABET[ALPHABET.indexOf(last) + 1]!;
}

function inside(text: string, more: string): string {
  return text.slice(0, 8) + more + text.slice(8);
}

function shifted(char: string, by: number): string {
  return String.fromCharCode(char.charCodeAt(0) + by);
}

function replaceFirst(text: string, what: RegExp, by: (char: string) => string): string {
  if (!what.test(text)) throw new Error('nothing to replace');
  return text.replace(what, by);
}
