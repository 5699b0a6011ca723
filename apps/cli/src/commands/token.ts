import { OPERATOR_MAX_TTL_MS, readEnv, signOperatorToken } from '@sluice/host';
import { Option, type Command } from 'commander';
import { decodeToken } from '../admin/decode-token.js';
import { addAll, listed, printMore, type ListFlags } from '../admin/listed.js';
import { openHostApi, readOperatorSecret } from '../admin/operator.js';
import { CommandError } from '../exit.js';
import { addFormat, readDuration, readNames, readScopes, wantsJson, type Format } from '../options.js';
import { print, printJson, printNotice } from '../terminal/print.js';
import { headedTable } from '../terminal/table.js';

interface SignOptions {
  readonly sub?: string;
  readonly scope: string;
  readonly ttl: number;
  readonly extension?: string;
  readonly groups?: readonly string[];
  readonly workplace?: readonly string[];
}

interface RevokeOptions {
  readonly user?: string;
  readonly jti?: string;
  readonly issuer?: string;
}

export function addToken(command: Command): void {
  command
    .option('--sub <user>', 'user of the token')
    .option(
      '--scope <scopes>',
      'scopes of the token, separated by spaces: events:write desktop viewer admin, and those of connectors, such as timeline:write',
      readScopes,
      'events:write',
    )
    .option('--extension <number>', 'telephone extension of the user, whose calls pop up')
    .option('--groups <names>', 'groups of the user, separated by commas', readNames)
    .option(
      '--workplace <names>',
      'the only workplaces at which the token may connect, separated by commas; can be repeated',
      readNames,
    )
    .addOption(
      new Option('--ttl <duration>', 'validity, at most 366d').argParser(readDuration).default(readDuration('12h'), '12h'),
    )
    .action(async ({ sub, ttl, workplace, ...claims }: SignOptions) => {
      if (sub === undefined) throw new CommandError('token: --sub is missing: name the user, such as --sub ivanov');
      if (ttl > OPERATOR_MAX_TTL_MS)
        throw new CommandError('token: --ttl is too long: a token of the operator is valid for at most 366d');
      const signed = { ...claims, ...(workplace && { workplaces: workplace }), sub, ttlMs: ttl };
      print(await signOperatorToken(await readOperatorSecret(readEnv()), signed));
    });
  command
    .command('revoke')
    .description('revoke a token, or all current tokens of a user, on all hosts')
    .argument('[token]', 'the token')
    .option('--user <sub>', 'all tokens of this user that were issued until now')
    .option('--jti <id>', 'the token with this id')
    .option('--issuer <name>', 'issuer of the token; operator when absent')
    .action(async (token: string | undefined, options: RevokeOptions) => {
      const revocation = readRevocation(token, options);
      await (await openHostApi()).admin.revoke(revocation);
      print(`revoked: ${describe(revocation)}; all hosts reject it within 5 s`);
    });
  addAll(addFormat(command.command('revoked').description('list revoked tokens and users'))).action(listRevoked);
}

async function listRevoked(flags: ListFlags & Format): Promise<void> {
  const { admin } = await openHostApi();
  const found = await listed(admin.revoked, flags);
  const rows = found.items.map((one) => [one.issuer, 'jti' in one ? `token ${one.jti}` : `user ${one.sub}`, one.at]);
  if (wantsJson(flags)) printJson(found.items);
  else if (rows.length === 0) printNotice('nothing is revoked');
  else print(headedTable(['ISSUER', 'REVOKED', 'SINCE'], rows));
  printMore(found, flags);
}

type Revocation = { readonly issuer: string } & ({ readonly jti: string } | { readonly sub: string });

function readRevocation(token: string | undefined, { user, jti, issuer = 'operator' }: RevokeOptions): Revocation {
  if ([token, user, jti].filter((one) => one !== undefined).length !== 1)
    throw new CommandError('token revoke: write one of: the token, --user, --jti');
  if (user !== undefined) return { issuer, sub: user };
  if (jti !== undefined) return { issuer, jti };
  const said = decodeToken(token as string);
  if (said.jti !== undefined) return { issuer: said.issuer, jti: said.jti };
  throw new CommandError(
    `token revoke: this token has no id: revoke all tokens of its user with --user ${said.sub} --issuer ${said.issuer}`,
  );
}

function describe(revocation: Revocation): string {
  return 'jti' in revocation
    ? `the token ${revocation.jti} of ${revocation.issuer}`
    : `all tokens of ${revocation.issuer}/${revocation.sub} that were issued before now`;
}
