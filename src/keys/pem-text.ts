const BOUNDARY = /-----(BEGIN|END) ([A-Z0-9 ]+)-----/g;
const ENCAPSULATED_HEADERS = /^\s*Proc-Type:\s*(\S+)\s+DEK-Info:\s*(\S+)\s+/;
const BASE64 = /^[A-Za-z0-9+/_\-\s]+={0,2}$/;

// Texts come in every length, so each expression here takes linear time: none can start a run again in its middle.

/**
 * Undoes what env files, shells, YAML and secret stores do to PEM text: a byte order mark, surrounding quotes,
 * literal `\n` and `\\n`, CRLF. Text that is base64 of something is decoded. What is left may still be no key.
 */
export function repairText(text: string): string | Buffer {
  const repaired = unescapeLines(text);
  if (repaired.includes('-----') || !BASE64.test(repaired)) return repaired;
  const decoded = Buffer.from(repaired, 'base64');
  const inner = decodeText(decoded);
  if (inner.includes('-----BEGIN')) return unescapeLines(inner);
  return startsDer(decoded) ? decoded : repaired;
}

/** Whether the bytes start as an ASN.1 SEQUENCE: with a long length, or, as keys on elliptic curves do, with a short one. */
export function startsDer(bytes: Buffer): boolean {
  if (bytes[0] !== 0x30) return false;
  return bytes[1] === 0x82 || bytes[1] === 0x81 || (bytes.length > 40 && bytes[1] === bytes.length - 2);
}

/** Whether DER (that `startsDer` knows) ends before the length that its first octets promise. */
export function isCutDer(bytes: Buffer): boolean {
  if (bytes[1]! < 0x80) return false;
  const contentAt = bytes[1] === 0x82 ? 4 : 3;
  return bytes.length < contentAt || bytes.length < contentAt + bytes.readUIntBE(2, contentAt - 2);
}

/** Text of a file or Buffer, whatever encoding the tool that wrote it chose (PowerShell's `>` writes UTF-16). */
export function decodeText(bytes: Buffer): string {
  return bytes[0] === 0xff && bytes[1] === 0xfe ? bytes.toString('utf16le') : bytes.toString('utf8');
}

/** The armoured blocks in the text, each with its line breaks restored (a one-line PEM has lost them). */
export function pemBlocks(text: string): string[] {
  const blocks: string[] = [];
  let begin: RegExpExecArray | undefined;
  for (const boundary of text.matchAll(BOUNDARY)) {
    const [, kind, label] = boundary;
    if (kind === 'END' && begin && begin[2] === label) {
      blocks.push(armored(label!, text.slice(begin.index + begin[0].length, boundary.index)));
    }
    begin = kind === 'BEGIN' ? boundary : undefined;
  }
  return blocks;
}

/** Whether a block begins in the text and does not end there. */
export function isCutPem(text: string): boolean {
  return text.split('-----BEGIN').length - 1 > pemBlocks(text).length;
}

function armored(label: string, content: string): string {
  const headers = ENCAPSULATED_HEADERS.exec(content);
  const body = content.slice(headers?.[0].length ?? 0).replace(/\s+/g, '');
  const lines = body.match(/.{1,64}/g) ?? [];
  const prefix = headers ? [`Proc-Type: ${headers[1]}`, `DEK-Info: ${headers[2]}`, ''] : [];
  return [`-----BEGIN ${label}-----`, ...prefix, ...lines, `-----END ${label}-----`, ''].join('\n');
}

/** Real line breaks, of whatever kind, may stay: armour is rebuilt without them. `trim` takes a byte order mark, too. */
function unescapeLines(text: string): string {
  return text
    .trim()
    .replace(/^(["'`])([\s\S]*)\1$/, '$2')
    .replace(/(?<!\\)\\+r(?=\\+n|\r?\n)/g, '')
    .replace(/(?<!\\)\\+n/g, '\n')
    .trim();
}
