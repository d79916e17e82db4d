/** Unix seconds as text for people and programs: `2026-11-22T10:00:00Z`. */
export function formatInstant(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
] as const;

/** A span of time in its two largest units: `15 min 5 s`. Fractions of a second are left out. */
export function formatSpan(seconds: number): string {
  const whole = Math.floor(Math.abs(seconds));
  const largest = UNITS.findIndex(([, size]) => whole >= size);
  if (largest === -1) return '0 s';
  let rest = whole;
  const parts = UNITS.slice(largest, largest + 2).map(([unit, size]) => {
    const count = Math.floor(rest / size);
    rest %= size;
    return count === 0 ? '' : `${count} ${unit}`;
  });
  return parts.filter(Boolean).join(' ');
}
