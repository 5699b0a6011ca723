import { readEnv, signOperatorToken } from '@sluice/host';
import { Option, type Command } from 'commander';
import { readOperatorSecret } from '../admin/operator.js';
import { readDuration, readScopes } from '../options.js';
import { print } from '../terminal/print.js';

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
    .action(async ({ sub, scope, ttl }: { sub: string; scope: string; ttl: number }) => {
      print(await signOperatorToken(await readOperatorSecret(readEnv()), { sub, scope, ttlMs: ttl }));
    });
}
