#!/usr/bin/env node
import { doctor } from './doctor.js';
import { explainError } from './explain-error.js';
import { inspect } from './inspect.js';
import { jwks } from './jwks.js';
import { keygen } from './keygen.js';
import { pubkey } from './pubkey.js';
import { revoke } from './revoke.js';
import { rotate } from './rotate.js';
import { type Command, type Terminal, UsageError } from './terminal.js';

const HELP = `jwt-rs256: RSA keys for RS256 JSON Web Tokens

Usage: jwt-rs256 <command> [options]

Commands:
  keygen    make a key pair
  rotate    make the next key; say what happens when; delete what is over
  revoke    take a key out of use at once
  jwks      print the JWK Set
  pubkey    print a public key
  doctor    say what is wrong with keys, clock and issuer, and how to fix it
  inspect   verify a token and explain the verdict

Each has its own --help.

Exit codes: 0 done, 1 failed, 2 wrong usage`;

const COMMANDS: Readonly<Record<string, Command>> = { keygen, rotate, revoke, jwks, pubkey, doctor, inspect };

const terminal: Terminal = { out: process.stdout, err: process.stderr, in: process.stdin };
process.exitCode = await run(process.argv.slice(2));

async function run([name = '--help', ...args]: string[]): Promise<number> {
  if (name === '--help' || name === '-h' || name === 'help') {
    terminal.out.write(`${HELP}\n`);
    return 0;
  }
  try {
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (!command) throw new UsageError(`There is no command "${name}".`, 'jwt-rs256 --help');
    return (await command(args, terminal)) ?? 0;
  } catch (error) {
    terminal.err.write(`${explainError(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}
