/** What the name of a key file says. */
export interface KeyFileName {
  /** The name without its ending: a private and a public file with one stem are one key. */
  readonly stem: string;
  /** Unix seconds from which the key signs; `-Infinity` for since ever. */
  readonly signsFrom: number;
  readonly half: 'private' | 'public';
}

const NAME = /^(rs256(?:-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z)?)\.(pem|pub)$/;

/** @returns undefined for a file that is no key of a ring. */
export function parseKeyFileName(name: string): KeyFileName | undefined {
  const match = NAME.exec(name);
  if (!match) return undefined;
  const [, stem, ...parts] = match as unknown as [string, string, ...(string | undefined)[]];
  const half = parts.pop() === 'pem' ? 'private' : 'public';
  if (parts[0] === undefined) return { stem, half, signsFrom: Number.NEGATIVE_INFINITY };
  const [year, month, day, hour, minute, second] = parts.map(Number) as [number, ...number[]];
  const signsFrom = Date.UTC(year, month! - 1, day, hour, minute, second) / 1000;
  // A 31st of February is no time, and Date would make the 3rd of March of it.
  return stemOf(signsFrom) === stem ? { stem, half, signsFrom } : undefined;
}

/** The stem of a key that signs from then on. @param signsFrom - Unix seconds, whole ones. */
export function stemOf(signsFrom: number): string {
  const iso = new Date(signsFrom * 1000).toISOString();
  return `rs256-${iso.slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}
