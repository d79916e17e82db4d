import { parseArgs } from 'node:util';
import { UsageError } from './terminal.js';
import { printable } from './printable.js';

/** Every flag of every command. Those that are options of the module too have their names. */
const FLAGS = {
  directory: { type: 'string', short: 'd' },
  bits: { type: 'string', short: 'b' },
  force: { type: 'boolean', short: 'f' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  plan: { type: 'boolean' },
  now: { type: 'boolean' },
  prune: { type: 'boolean' },
  key: { type: 'string', short: 'k' },
  jwk: { type: 'boolean' },
  out: { type: 'string', short: 'o' },
  issuer: { type: 'string' },
  audience: { type: 'string', multiple: true },
  typ: { type: 'string' },
  'required-claims': { type: 'string' },
  'jwks-uri': { type: 'string' },
  'allow-insecure-http': { type: 'boolean' },
  'passphrase-file': { type: 'string' },
  'max-token-ttl': { type: 'string' },
  'not-before': { type: 'string' },
  'clock-tolerance': { type: 'string' },
  'jwks-max-age': { type: 'string' },
  'jwks-stale-while-revalidate': { type: 'string' },
} as const;

export type FlagName = keyof typeof FLAGS;

type FlagValue<Name extends FlagName> = (typeof FLAGS)[Name] extends { multiple: true }
  ? string[]
  : (typeof FLAGS)[Name] extends { type: 'boolean' }
    ? boolean
    : string;

/** What was given on the command line. A flag that was not given is undefined. */
export type FlagValues<Name extends FlagName> = { readonly [Flag in Name]?: FlagValue<Flag> };

/** A command line, understood. */
export interface CommandLine<Name extends FlagName> {
  readonly flags: FlagValues<Name>;
  /** What is no flag. */
  readonly operands: readonly string[];
}

/** What a command takes. `--json` and `--help` go without saying. */
export interface CommandSyntax<Name extends FlagName> {
  readonly command: string;
  readonly flags: readonly Name[];
  /** How many operands there may be. Default: 0. */
  readonly operands?: number;
}

/** @throws UsageError for a flag that the command does not know, one without its value, and one operand too many. */
export function readCommandLine<Name extends FlagName>(
  args: string[],
  { command, flags, operands = 0 }: CommandSyntax<Name>,
): CommandLine<Name | 'json' | 'help'> {
  const known = [...flags, 'json', 'help'] as const;
  const options = Object.fromEntries(known.map((name) => [name, FLAGS[name]]));
  try {
    const allowPositionals = operands > 0;
    const { values, positionals } = parseArgs({
      args: allowPositionals ? withKidsAtTheEnd(args) : args,
      options,
      allowPositionals,
    });
    if (positionals.length > operands) throw new Error('There is one argument too many.');
    return { flags: values as FlagValues<Name | 'json' | 'help'>, operands: positionals };
  } catch (error) {
    throw wrongUsage(command, printable((error as Error).message));
  }
}

/** One kid in 64 begins with a dash, and is no flag for that. No flag is as long. */
function withKidsAtTheEnd(args: string[]): string[] {
  const isKid = (arg: string): boolean => /^-[\w-]{42}$/.test(arg);
  if (args.includes('--') || !args.some(isKid)) return args;
  return [...args.filter((arg) => !isKid(arg)), '--', ...args.filter(isKid)];
}

export function wrongUsage(command: string, sentence: string): UsageError {
  return new UsageError(sentence, `jwt-rs256 ${command} --help`);
}

/** A flag that is a text, and not an empty one: that is what an unset variable of a shell leaves. */
export function textOf<Name extends FlagName>(
  command: string,
  flags: FlagValues<Name>,
  name: Name,
): string | undefined {
  const value: unknown = flags[name];
  if (value === '') throw wrongUsage(command, `--${name} must not be empty.`);
  return value as string | undefined;
}
