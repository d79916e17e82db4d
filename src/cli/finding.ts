/** What the doctor found. */
export interface Finding {
  /** An error is something by which tokens are refused, or a key is at risk. A warning is what may become one. */
  readonly level: 'ok' | 'warning' | 'error';
  /** What it is about: a file, a folder, an address. */
  readonly about: string;
  readonly message: string;
  /** What to do. Of what is well there is none. */
  readonly fix?: string;
}

export function ok(about: string, message: string): Finding {
  return { level: 'ok', about, message };
}

export function warning(about: string, message: string, fix: string): Finding {
  return { level: 'warning', about, message, fix };
}

export function error(about: string, message: string, fix: string): Finding {
  return { level: 'error', about, message, fix };
}
