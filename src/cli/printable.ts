/** Control characters, those that turn or hide text, and what is no character at all. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** The text with everything escaped that would do something to a terminal, or to the eye, instead of being shown. */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, (char) =>
    Array.from({ length: char.length }, (_, at) => escaped(char.charCodeAt(at))).join(''),
  );
}

/** A value as JSON in which nothing is left that is not printable. It parses to the same value. */
export function printableJson(value: unknown, indent?: number): string {
  const lines = JSON.stringify(value, undefined, indent).split('\n');
  return lines.map(printable).join('\n');
}

function escaped(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}
