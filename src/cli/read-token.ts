import { wrongUsage } from './flags.js';
import type { Terminal } from './terminal.js';

/** More than any token may have, and little enough to be read at once. Characters. */
const LONGEST_INPUT = 1024 * 1024;

/** The token on the command line, or from standard input where there is none, or `-`. */
export async function readToken(operand: string | undefined, terminal: Terminal): Promise<string> {
  const text = operand === undefined || operand === '-' ? await readInput(terminal) : operand;
  const token = text.trim().replace(/^(?:authorization:\s*)?bearer\s+/i, '');
  if (token === '') throw wrongUsage('inspect', 'There is no token.');
  return token;
}

async function readInput({ in: input, err }: Terminal): Promise<string> {
  if (!input) return '';
  if (input.isTTY === true) err.write('Paste the token, then press Enter and Ctrl-D.\n');
  let text = '';
  for await (const chunk of input) {
    text += String(chunk);
    if (text.length > LONGEST_INPUT) throw wrongUsage('inspect', 'That is longer than any token.');
  }
  return text;
}
