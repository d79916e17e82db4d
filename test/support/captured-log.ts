import type { LoggerService } from '@nestjs/common';
import { inspect } from 'node:util';

type Level = 'log' | 'error' | 'warn' | 'debug' | 'verbose' | 'fatal';

/** One call of Nest's logger. */
export interface LogLine {
  readonly level: Level;
  readonly context: unknown;
  readonly message: unknown;
  /** What was logged beside the message. */
  readonly details: readonly unknown[];
}

/** A logger for Nest that keeps the lines instead of printing them. */
export class CapturedLog implements LoggerService {
  readonly lines: LogLine[] = [];

  readonly log = this.at('log');
  readonly error = this.at('error');
  readonly warn = this.at('warn');
  readonly debug = this.at('debug');
  readonly verbose = this.at('verbose');
  readonly fatal = this.at('fatal');

  /** The lines of this library, at one level where it is given. */
  own(level?: Level): LogLine[] {
    return this.lines.filter(
      (line) => line.context === 'JwtRs256' && (level === undefined || line.level === level),
    );
  }

  /** Everything that was logged, by whomever, as text. */
  text(): string {
    return this.lines.map((line) => inspect(line, { depth: 8, maxStringLength: null })).join('\n');
  }

  clear(): void {
    this.lines.length = 0;
  }

  private at(level: Level): (message: unknown, ...rest: unknown[]) => void {
    return (message, ...rest) => {
      const context = typeof rest.at(-1) === 'string' ? rest.pop() : undefined;
      this.lines.push({ level, context, message, details: rest });
    };
  }
}
