/** Says on stderr what is being done, so that stdout is the result's alone. */
export class Progress {
  #suite = '';

  suite(name: string): void {
    this.#suite = name;
    this.step('starts');
  }

  step(what: string): void {
    const line = `${this.#suite}: ${what}`;
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line}`);
    else process.stderr.write(`${line}\n`);
  }

  /** Every so often where there is no terminal to overwrite the line on. */
  round(what: string, round: number, rounds: number): void {
    if (process.stderr.isTTY || round === rounds || round % Math.ceil(rounds / 4) === 0) {
      this.step(`${what}, round ${round} of ${rounds}`);
    }
  }

  end(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  }
}
