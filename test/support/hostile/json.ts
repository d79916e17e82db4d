import { claims, header, mint, textWith, type Part } from '../mint.js';
import { MALFORMED, type HostileToken } from './hostile-token.js';

/** A surrogate written as an escape, without its other half. */
const HIGH = '\\ud83d';
const LOW = '\\ude00';

/** What is put into a header, or into claims, that else are good: more members, as JSON text. */
const MEMBERS: Readonly<Record<string, string>> = {
  'a member twice': ',"x":1,"x":2',
  'a member twice with one value': ',"x":1,"x":1',
  'a member twice, once in escapes': ',"x":1,"\\u0078":2',
  'a nested member twice': ',"x":{"y":1,"y":2}',
  'a nested member twice, once in escapes': ',"x":{"y":1,"\\u0079":2}',
  'a member twice in an object in a list': ',"x":[1,[{"y":1,"y":2}]]',
  'a member twice whose first value has members': ',"x":{"a":1,"b":{"c":2}},"x":0',
  'a member twice whose second value has members': ',"x":0,"x":{"a":1}',
  'a member without a name twice': ',"":1,"":2',
  'a member twice that is an emoji, once in escapes': `,"\u{1f600}":1,"${HIGH}${LOW}":2`,
  'a member twice that has a slash, once in escapes': ',"a/b":1,"a\\/b":2',
  'a member twice that has a quotation mark': ',"\\"":1,"\\u0022":2',
  'a member three times': ',"x":1,"x":2,"x":3',
  __proto__: ',"__proto__":{"alg":"none"}',
  '__proto__ that is null': ',"__proto__":null',
  '__proto__ that is a number': ',"__proto__":1',
  '__proto__ in escapes': ',"\\u005f\\u005fproto\\u005f\\u005f":{"admin":true}',
  '__proto__ in a member': ',"x":{"__proto__":{"admin":true}}',
  '__proto__ in constructor': ',"constructor":{"__proto__":{"admin":true}}',
  '__proto__ in a list': ',"x":[[{"__proto__":{}}]]',
  '__proto__ twice': ',"__proto__":{},"__proto__":{}',
  'a lone high surrogate': `,"x":"${HIGH}"`,
  'a lone low surrogate': `,"x":"${LOW}"`,
  'a lone high surrogate in upper case': ',"x":"\\uDBFF"',
  'a lone low surrogate in upper case': ',"x":"\\uDFFF"',
  'two surrogates the wrong way round': `,"x":"${LOW}${HIGH}"`,
  'a lone surrogate in a name': `,"${HIGH}":1`,
  'a lone surrogate in a nested name': `,"x":{"a${LOW}":1}`,
  'a lone surrogate in a list': `,"x":["a","b${HIGH}"]`,
  'a high surrogate before an escape that is none': `,"x":"${HIGH}\\n${LOW}"`,
  'a trailing comma': ',"x":1,',
  'a comma too many': ',,"x":1',
  'a comment': ',/* no */"x":1',
  'a line comment': ',"x":1 // no\n',
  'a hash comment': ',"x":1 # no\n',
  'a name in single quotes': ",'x':1",
  'a value in single quotes': ',"x":\'1\'',
  'a name without quotes': ',x:1',
  'a value without quotes': ',"x":one',
  NaN: ',"x":NaN',
  Infinity: ',"x":Infinity',
  '-Infinity': ',"x":-Infinity',
  undefined: ',"x":undefined',
  'a function': ',"x":alert(1)',
  'a big integer literal': ',"x":1n',
  True: ',"x":True',
  'a hexadecimal number': ',"x":0x10',
  'an octal number': ',"x":010',
  'a number with a plus': ',"x":+1',
  'a number without a whole part': ',"x":.5',
  'a number without its fraction': ',"x":5.',
  'a number without its exponent': ',"x":1e',
  'a number with underscores': ',"x":1_000',
  'a minus alone': ',"x":-',
  'no value': ',"x":',
  'no colon': ',"x"',
  'two colons': ',"x"::1',
  'an equals sign for the colon': ',"x"=1',
  'a number as a name': ',1:1',
  'a raw line feed in a text': ',"x":"a\nb"',
  'a raw tab in a text': ',"x":"a\tb"',
  'a raw NUL in a text': ',"x":"a\0b"',
  'an escape \\x': ',"x":"\\x41"',
  "an escape \\'": ',"x":"\\\'"',
  'an escape \\0': ',"x":"\\0"',
  'an escape \\u of two digits': ',"x":"\\u00"',
  'an escape \\u{}': ',"x":"\\u{41}"',
  'a text without its end': ',"x":"a',
  'a list without its end': ',"x":[1',
  'an object without its end': ',"x":{"y":1',
  'a list that ends as an object': ',"x":[1}',
  'a vertical tab for white space': ',\v"x":1',
  'a no-break space for white space': ',\u00a0"x":1',
  'a byte order mark for white space': ',\ufeff"x":1',
  'a line separator for white space': ',\u2028"x":1',
  '33 levels of lists': `,"x":${'['.repeat(32)}${']'.repeat(32)}`,
  '33 levels of objects': `,"x":${'{"a":'.repeat(31)}{}${'}'.repeat(31)}`,
  '1,000 levels of lists': `,"x":${'['.repeat(1000)}${']'.repeat(1000)}`,
  '400 levels of objects': `,"x":${'{"a":'.repeat(400)}1${'}'.repeat(400)}`,
};

/** Octets that are put into a text of the header, or of the claims, and are not UTF-8 (RFC 3629 §3, §10). */
const OCTETS: Readonly<Record<string, string>> = {
  'an overlong slash in two octets': 'c0af',
  'an overlong slash in three octets': 'e080af',
  'an overlong slash in four octets': 'f08080af',
  'an overlong NUL': 'c080',
  'an overlong quotation mark': 'c0a2',
  'a high surrogate': 'eda080',
  'a low surrogate': 'edb080',
  'a surrogate pair, as CESU-8 has it': 'eda0bdedb880',
  'a continuation octet alone': '80',
  'two octets of three': 'e282',
  'one octet of two': 'c3',
  'three octets of four': 'f09f98',
  FE: 'fe',
  FF: 'ff',
  'a code point over 10FFFF': 'f4908080',
  'a sequence of five octets': 'f888808080',
  'a Latin-1 letter': 'e9',
  'Windows-1252 quotation marks': '9394',
};

/** What is made of the whole text of a header, or of claims. */
const WHOLES: Readonly<Record<string, (text: string) => Part>> = {
  nothing: () => '',
  'a space': () => ' ',
  'a brace': () => '{',
  null: () => 'null',
  true: () => 'true',
  'a number': () => '1795000000',
  'an empty text': () => '""',
  'a text with the JSON in it': (text) => JSON.stringify(text),
  'an empty list': () => '[]',
  'a list with it': (text) => `[${text}]`,
  'a list of name and value': () => '["alg","RS256"]',
  'a list of pairs': (text) => JSON.stringify(Object.entries(JSON.parse(text) as object)),
  'it twice': (text) => text + text,
  'it twice in two lines': (text) => `${text}\n${text}`,
  'it and a comma': (text) => `${text},`,
  'it and a brace': (text) => `${text}}`,
  'it and a semicolon': (text) => `${text};`,
  'it and garbage': (text) => `${text}garbage`,
  'it and NUL': (text) => `${text}\0`,
  'it and a padding of NULs': (text) => text + '\0'.repeat(16),
  'it after NUL': (text) => `\0${text}`,
  'it after a comment': (text) => `/**/${text}`,
  'it before a comment': (text) => `${text}//`,
  'it after a byte order mark': (text) => `\ufeff${text}`,
  'it after two byte order marks': (text) => `\ufeff\ufeff${text}`,
  'it before a byte order mark': (text) => `${text}\ufeff`,
  "it after )]}' as some services write": (text) => `)]}',\n${text}`,
  'it after while(1);': (text) => `while(1);${text}`,
  'it in parentheses': (text) => `(${text})`,
  'it as JSONP': (text) => `callback(${text})`,
  'it without its braces': (text) => text.slice(1, -1),
  'it without its end': (text) => text.slice(0, -1),
  'it in single quotes': (text) => text.replaceAll('"', "'"),
  'it in curly quotes': (text) => text.replaceAll('"', '\u201d'),
  'it in backslash-escaped quotes': (text) => text.replaceAll('"', '\\"'),
  'it in UTF-16 LE': (text) => Buffer.from(text, 'utf16le'),
  'it in UTF-16 LE with a byte order mark': (text) => Buffer.from(`\ufeff${text}`, 'utf16le'),
  'it in UTF-16 BE': (text) => Buffer.from(text, 'utf16le').swap16(),
  'it in UTF-16 BE with a byte order mark': (text) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16(),
  'it in UTF-32': (text) =>
    Buffer.concat(Array.from(text, (char) => Buffer.from([0, 0, 0, char.charCodeAt(0)]))),
  'it in UTF-7': (text) => text.replaceAll('{', '+AHs-').replaceAll('"', '+ACI-'),
  'it in EBCDIC braces': (text) => Buffer.from(`\u00c0${text.slice(1, -1)}\u00d0`, 'latin1'),
  'it as a URL query': (text) =>
    new URLSearchParams(Object.entries(JSON.parse(text) as Record<string, string>)).toString(),
  'it as YAML': (text) =>
    Object.entries(JSON.parse(text) as object)
      .map((pair) => pair.join(': '))
      .join('\n'),
  'it as CBOR of an empty map': () => Buffer.from([0xa0]),
  'it as MessagePack of an empty map': () => Buffer.from([0x80]),
};

/** JSON that two parsers would read differently, or that is none. Our key signed all of it. */
export function jsonTokens(): HostileToken[] {
  const parts = [
    { where: 'the header', good: header(), make: (part: Part) => mint(part) },
    { where: 'the claims', good: claims(), make: (part: Part) => mint(header(), part) },
  ];
  return parts.flatMap(({ where, good, make }) => [
    ...malformed(
      MEMBERS,
      (name) => `${where} with ${name}`,
      (more) => make(textWith(good, more)),
    ),
    ...malformed(
      OCTETS,
      (name) => `${where} with ${name} in a text`,
      (octets) => make(withOctets(good, octets)),
    ),
    ...malformed(
      WHOLES,
      (name) => `for ${where}, ${name}`,
      (change) => make(change(JSON.stringify(good))),
    ),
    ...doubled(where, good).map(({ name, text }) => ({
      name,
      token: make(text),
      code: MALFORMED as 'ERR_TOKEN_MALFORMED',
    })),
  ]);
}

function malformed<T>(
  values: Readonly<Record<string, T>>,
  nameOf: (name: string) => string,
  make: (value: T) => string,
): HostileToken[] {
  return Object.entries(values).map(([name, value]) => ({
    name: nameOf(name),
    token: make(value),
    code: MALFORMED,
  }));
}

function withOctets(good: object, octets: string): Buffer {
  const [before, after] = JSON.stringify({ ...good, x: 'a?b' }).split('?') as [string, string];
  return Buffer.concat([Buffer.from(before), Buffer.from(octets, 'hex'), Buffer.from(after)]);
}

/** Each member of good JSON once more: with its value and with another, before and after, plainly and in escapes. */
function doubled(where: string, good: object): { name: string; text: string }[] {
  const text = JSON.stringify(good);
  return Object.entries(good).flatMap(([name, value]) => {
    const escaped = `\\u00${name.charCodeAt(0).toString(16)}${name.slice(1)}`;
    return [
      {
        name: `${where} with ${name} twice, the same`,
        text: textWith(good, `,"${name}":${JSON.stringify(value)}`),
      },
      { name: `${where} with another ${name} after`, text: textWith(good, `,"${name}":"none"`) },
      { name: `${where} with another ${name} before`, text: `{"${name}":"none",${text.slice(1)}` },
      {
        name: `${where} with another ${name} after, in escapes`,
        text: textWith(good, `,"${escaped}":"none"`),
      },
    ];
  });
}
