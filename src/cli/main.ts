#!/usr/bin/env node
import { JwtRs256Error } from '../errors/jwt-rs256-error.js';
import { keygen } from './keygen.js';
import { type Terminal, UsageError } from './terminal.js';

const HELP = `jwt-rs256: RSA keys for RS256 JSON Web Tokens

Usage: jwt-rs256 <command> [options]

Commands:
  keygen    make a key pair          (jwt-rs256 keygen --help)

Exit codes: 0 done, 1 failed, 2 wrong usage`;

const COMMANDS: Readonly<Record<string, (args: string[], terminal: Terminal) => Promise<void>>> = { keygen };

const terminal: Terminal = { out: process.stdout, err: process.stderr };
process.exitCode = await run(process.argv.slice(2));

async function run([name = '--help', ...args]: string[]): Promise<number> {
  if (name === '--help' || name === '-h' || name === 'help') {
    terminal.out.write(`${HELP}\n`);
    return 0;
  }
  try {
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (!command) throw new UsageError(`There is no command "${name}".`, 'jwt-rs256 --help');
    await command(args, terminal);
    return 0;
  } catch (error) {
    terminal.err.write(`${explain(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

function explain(error: unknown): string {
  if (error instanceof UsageError) return `${error.message} See ${error.help}`;
  if (error instanceof JwtRs256Error) return `${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
