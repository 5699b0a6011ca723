import { readEnv, signOperatorToken } from '@sluice/host';
import { Option, type Command } from 'commander';
import { readOperatorSecret } from '../admin/operator.js';
import { readDuration, readNames, readScopes } from '../options.js';
import { print } from '../terminal/print.js';

interface TokenFlags {
  readonly sub: string;
  readonly scope: string;
  readonly ttl: number;
  readonly extension?: string;
  readonly groups?: readonly string[];
}

export function addToken(command: Command): void {
  command
    .requiredOption('--sub <user>', 'whose it is')
    .option(
      '--scope <scopes>',
      'what it may, separated by spaces: events:write desktop viewer admin, and those of connectors, such as timeline:write',
      readScopes,
      'events:write',
    )
    .addOption(new Option('--ttl <duration>', 'how long it is good').argParser(readDuration).default(readDuration('12h'), '12h'))
    .option('--extension <number>', 'telephone extension of the user: its calls pop up for this token')
    .option('--groups <names>', 'groups of the user, separated by commas', readNames)
    .action(async ({ ttl, ...claims }: TokenFlags) => {
      print(await signOperatorToken(await readOperatorSecret(readEnv()), { ...claims, ttlMs: ttl }));
    });
}
