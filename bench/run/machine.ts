import { availableParallelism, cpus, totalmem } from 'node:os';

/** Where it was measured. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly node: string;
  readonly openssl: string;
  readonly platform: string;
}

export function thisMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    openssl: process.versions.openssl,
    platform: `${process.platform} ${process.arch}`,
  };
}

export function describeMachine({ cpu, cores, memoryGb, node, openssl, platform }: Machine): string {
  return `${cpu}, ${cores} cores, ${memoryGb} GB, ${platform}; Node ${node}, OpenSSL ${openssl}`;
}
